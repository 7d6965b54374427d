/** A file's name and what it holds. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Takes all text files that are dropped on the page while `panel` is open, or chosen with the input.
 * @param mark as of `acceptDrops`.
 */
export function acceptFiles(
  panel: HTMLElement,
  input: HTMLInputElement,
  mark: readonly string[],
  take: (files: readonly TextFile[]) => void,
): void {
  // A folder can be dropped, too, and has no text.
  const text = (file: File) => file.text().catch(() => "");
  const read = async (files: readonly File[]) =>
    take(await Promise.all(files.map(async (file) => ({ name: file.name, text: await text(file) }))));
  input.addEventListener("change", async () => {
    if (input.files?.length) await read([...input.files]);
    input.value = "";
  });
  acceptDrops(panel, mark, (files) => void read(files));
}

/**
 * Takes all files that are dropped on the page while `panel` is open. The browser would leave the page for them.
 * @param mark classes of the body while files hover over the page.
 */
export function acceptDrops(panel: HTMLElement, mark: readonly string[], take: (files: readonly File[]) => void): void {
  const hovering = (on: boolean) => {
    for (const name of mark) document.body.classList.toggle(name, on);
  };
  document.addEventListener("dragover", (event) => {
    if (panel.hidden || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    hovering(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) hovering(false);
  });
  document.addEventListener("drop", (event) => {
    hovering(false);
    if (panel.hidden || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}
