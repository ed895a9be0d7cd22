/** A line that is taken apart from the left, by columns: a tab reaches to the next multiple of four. */
export class Line {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.column = 0;
  }

  /** Columns of white space ahead. */
  get indent() {
    let column = this.column;
    for (const char of this.text) {
      if (char !== " " && char !== "\t") break;
      column += char === " " ? 1 : 4 - (column % 4);
    }
    return column - this.column;
  }

  /** What follows the white space. */
  get rest() {
    return this.text.replace(/^[ \t]+/, "");
  }

  get blank() {
    return !this.rest;
  }

  /** @param {number} columns of white space to take, as far as there are any; of a tab, spaces may be left */
  take(columns) {
    for (let wanted = columns; wanted > 0 && /^[ \t]/.test(this.text);) {
      const width = this.text[0] === "\t" ? 4 - (this.column % 4) : 1;
      const taken = Math.min(width, wanted);
      this.text = " ".repeat(width - taken) + this.text.slice(1);
      this.column += taken;
      wanted -= taken;
    }
  }

  /** @param {number} chars of a mark to take, with the white space before it */
  skip(chars) {
    this.take(this.indent);
    this.text = this.text.slice(chars);
    this.column += chars;
  }
}
