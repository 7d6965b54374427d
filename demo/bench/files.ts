/** A file's name and what it holds. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/** Takes all files that are dropped on the page while `panel` is open, or chosen with the input. */
export function acceptFiles(panel: HTMLElement, input: HTMLInputElement, take: (files: readonly TextFile[]) => void): void {
  const read = async (files: FileList | null | undefined) => {
    if (files?.length) take(await Promise.all(Array.from(files, async (file) => ({ name: file.name, text: await file.text() }))));
  };
  input.addEventListener("change", async () => {
    await read(input.files);
    input.value = "";
  });
  const mark = (on: boolean) => {
    for (const name of ["dropping", "dropping-reports"]) document.body.classList.toggle(name, on);
  };
  document.addEventListener("dragover", (event) => {
    if (panel.hidden || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(false);
  });
  document.addEventListener("drop", (event) => {
    mark(false);
    if (panel.hidden || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    void read(event.dataTransfer.files);
  });
}

/** Hands a text to the reader as a file. */
export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  // the browser has taken it by then
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A file's name without what systems forbid: "nvidia-ada-2026-11-25". */
export const fileName = (...parts: readonly string[]): string =>
  parts
    .join("-")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 80);
