// Painting labels: dragging over the cells of a board gives all of them the label that comes after that
// of the first. The new picture comes from the kernel; until then the cells are marked.

class Brush {
  constructor(stage) {
    this.stage = stage;
    const { picture } = stage;
    picture.addEventListener("pointerdown", (event) => this.start(stage.cellOf(event.target)));
    picture.addEventListener("pointerover", (event) => this.over(stage.cellOf(event.target)));
    picture.addEventListener("pointerup", () => this.end());
    picture.addEventListener("pointerleave", () => this.end());
  }

  start(cell) {
    const board = cell && this.stage.read().boards[cell.board];
    this.stroke = board?.paints && this.stage.live ? { board, name: cell.board, cells: [cell.n] } : null;
  }

  over(cell) {
    if (!this.stroke || cell?.board !== this.stroke.name) return;
    const { board, cells } = this.stroke;
    if (!cells.includes(cell.n)) cells.push(cell.n);
    for (const n of cells) board.shapes[n].classList.add("painted");
  }

  // a stroke over one cell only is a click, and pins it
  end() {
    const stroke = this.stroke;
    this.stroke = null;
    if (stroke?.cells.length > 1) this.paint(stroke.board, stroke.cells);
  }

  paint(board, drawn) {
    const value = (Number(board.typed[drawn[0]]) + 1) % board.paints;
    const targets = drawn.map((n) => board.target(n)).filter(Boolean);
    if (!targets.length) return;
    const cells = targets.map(({ cell }) => cell);
    this.stage.model.send({ paint: { grid: board.editable, cells, width: targets[0].width, value } });
  }
}
