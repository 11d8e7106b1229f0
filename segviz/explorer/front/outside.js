// What stands around the picture: the buttons, the sentence, and where messages go.

const PICTURE = "the picture: the arrow keys step from cell to cell, the space bar plays, Escape clears";

const stageHtml = (shell, still) => `
  <style>${[`[src*="${still}"]`, `.jp-OutputArea-child:has([src*="${still}"])`, `#${still}`]} { display: none }</style>
  <div class="sv-bar" role="toolbar" aria-label="step through the cells">
    <button data-do="back" title="step back (left arrow)">← back</button>
    <button data-do="play" title="play or pause (space)"></button>
    <button data-do="forward" title="step forward (right arrow)">step →</button>
    <button data-do="clear" title="clear (Escape)">clear</button>
    <button data-do="reset" title="the numbers as they were at first" hidden>reset numbers</button>
    <span class="sv-count"></span><span class="sv-say" aria-live="polite"></span>
  </div>
  <div class="sv-message" role="alert"></div>
  <div class="sv-picture" tabindex="0" role="group" aria-label="${PICTURE}">${shell}</div>`;
