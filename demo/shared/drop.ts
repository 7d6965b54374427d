/** A file's name and what it holds. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Takes all text files that are dropped on the page while `panel` is open, or chosen with the input.
 * @param mark classes of the body while files hover over the page.
 */
export function acceptFiles(
  panel: HTMLElement,
  input: HTMLInputElement,
  mark: readonly string[],
  take: (files: readonly TextFile[]) => void,
): void {
  const read = async (files: FileList | null | undefined) => {
    if (files?.length) take(await Promise.all(Array.from(files, async (file) => ({ name: file.name, text: await file.text() }))));
  };
  input.addEventListener("change", async () => {
    await read(input.files);
    input.value = "";
  });
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
    void read(event.dataTransfer.files);
  });
}
