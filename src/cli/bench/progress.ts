const WIDTH = 24;

/** A bar on a terminal; a line now and then where the output is a file or a pipe. Written to the standard error, beside the table. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  #shown = false;
  #tenth = -1;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  show({ done, total, name }: { readonly done: number; readonly total: number; readonly name: string }): void {
    const share = total > 0 ? Math.min(1, done / total) : 0;
    if (!this.#stream.isTTY) {
      const tenth = Math.floor(10 * share);
      if (tenth !== this.#tenth) this.#stream.write(`${done} of ${total}: ${name}\n`);
      this.#tenth = tenth;
      return;
    }
    const full = Math.round(WIDTH * share);
    const line = `${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${done}/${total} ${name}`;
    this.#stream.write(`\r\u001b[2K${line.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1))}`);
    this.#shown = true;
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\u001b[2K");
    this.#shown = false;
  }
}
