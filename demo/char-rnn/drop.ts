/** Takes text files that are dropped on the page while `panel` is open, or chosen with the file input. */
export function acceptDrops(panel: HTMLElement, input: HTMLInputElement, take: (name: string, text: string) => void): void {
  const read = async (file: File | undefined) => {
    if (file) take(file.name, await file.text());
  };
  input.addEventListener("change", () => {
    void read(input.files?.[0]);
    input.value = "";
  });
  const mark = (on: boolean) => document.body.classList.toggle("dropping", on);
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
    void read(event.dataTransfer.files[0]);
  });
}
