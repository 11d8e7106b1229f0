// Painting labels: dragging over the cells of a board gives all of them the label that comes after that
// of the first. The new picture comes from the kernel; until then the cells are marked.

class Brush {
  constructor(stage) {
    Object.assign(this, { stage, marked: [] });
    const { picture } = stage;
    picture.addEventListener("pointerdown", (event) => this.start(event));
    picture.addEventListener("pointerover", (event) => this.over(stage.cellOf(event.target)));
    picture.addEventListener("pointerup", () => this.end());
    picture.addEventListener("pointerleave", () => this.end());
    picture.addEventListener("pointercancel", () => this.drop());
    // a finger that paints does not scroll
    picture.addEventListener("touchmove", (event) => this.stroke && event.preventDefault(), { passive: false });
  }

  // the board of a cell that may be painted now
  boardAt(cell) {
    const board = this.stage.live && cell && this.stage.read().boards[cell.board];
    return board && board.paints && board.target(cell.n) ? board : null;
  }

  start(event) {
    const cell = this.stage.cellOf(event.target);
    const board = event.button === 0 && this.boardAt(cell);
    this.stroke = board ? { board, name: cell.board, cells: [cell.n], last: cell.n } : null;
    // a finger would hold on to the first cell and tell nothing of the others
    if (board && event.target.hasPointerCapture(event.pointerId))
      event.target.releasePointerCapture(event.pointerId);
  }

  over(cell) {
    if (!this.stroke || cell?.board !== this.stroke.name) return;
    const { board, cells, last } = this.stroke;
    for (const n of this.between(board, last, cell.n))
      if (!cells.includes(n) && board.target(n)) cells.push(n);
    this.stroke.last = cell.n;
    if (cells.length > 1) this.mark(cells.map((n) => board.shapes[n]));
  }

  // the cells on the straight way from one to another, which a quick hand leaps over
  between({ cells, width }, from, to) {
    const place = (n) => [Math.floor(cells[n] / width), cells[n] % width];
    const [[row, column], [lastRow, lastColumn]] = [place(from), place(to)];
    const steps = Math.max(Math.abs(lastRow - row), Math.abs(lastColumn - column), 1);
    const met = Array.from({ length: steps }, (_, k) => {
      const share = (k + 1) / steps;
      const there = [row + share * (lastRow - row), column + share * (lastColumn - column)].map(Math.round);
      return cells.indexOf(there[0] * width + there[1]);
    });
    return met.filter((n) => n >= 0);
  }

  // a stroke over one cell only is a click, and pins it
  end() {
    const stroke = this.stroke;
    this.stroke = null;
    if (stroke?.cells.length > 1) this.paint(stroke.board, stroke.cells);
  }

  drop() {
    this.stroke = null;
    this.wipe();
  }

  mark(shapes) {
    for (const shape of shapes) shape.classList.add("painted");
    this.marked = shapes;
  }

  // the kernel has answered: what it changed is painted, what it did not is as before
  wipe() {
    for (const shape of this.marked) shape.classList.remove("painted");
    this.marked = [];
  }

  paint(board, drawn) {
    const value = (Number(board.typed[drawn[0]]) + 1) % board.paints;
    const targets = drawn.map((n) => board.target(n)).filter(Boolean);
    if (!targets.length) return;
    const cells = targets.map(({ cell }) => cell);
    this.stage.model.send({ paint: { grid: board.editable, cells, width: targets[0].width, value } });
  }
}
