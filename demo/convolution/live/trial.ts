import type { Crop } from "../../../src/index.ts";
import { SIDE } from "../../digits/index.ts";
import { find } from "../../shared/dom.ts";
import { Camera } from "./camera.ts";
import { placeOf, SHEET_SIZE, SHEETS } from "./digits.ts";
import { Pad } from "./pad.ts";
import { type Look, type Session, VIEW } from "./session.ts";
import { Verdict } from "./verdict.ts";

type Source = "draw" | "camera" | "font";

/** Milliseconds between two pictures of the camera. */
const FRAME_EVERY = 120;

/** The picture that the network is tried with: drawn, from the camera, or of a font that it does not learn from. */
export class Trial {
  readonly #panel: HTMLElement;
  readonly #onLook: (look: Look) => void;
  readonly #verdict: Verdict;
  readonly #pad: Pad;
  readonly #camera: Camera;
  #session: Session | undefined;
  #source: Source = "draw";
  #example = 0;
  /** How often the camera was chosen: the last choice counts. */
  #films = 0;
  #busy = false;
  #again = false;

  constructor(panel: HTMLElement, onLook: (look: Look) => void) {
    this.#panel = panel;
    this.#onLook = onLook;
    this.#verdict = new Verdict(panel);
    this.#pad = new Pad(this.#part("pad"), () => void this.look());
    this.#camera = new Camera(find(panel, '[data-id="video"]', HTMLVideoElement));
    this.#part("camera").style.setProperty("--view", String(VIEW));
    this.#part("again").addEventListener("click", () => this.#onAgain());
    for (const radio of panel.querySelectorAll<HTMLInputElement>('input[name="source"]'))
      radio.addEventListener("change", () => void this.#choose(radio.value as Source));
    void this.#choose("draw");
  }

  set session(session: Session | undefined) {
    this.#session = session;
  }

  #part(id: string): HTMLElement {
    return find(this.#panel, `[data-id="${id}"]`, HTMLElement);
  }

  async #choose(source: Source): Promise<void> {
    this.#source = source;
    this.#part("pad").hidden = source !== "draw";
    this.#part("camera").hidden = source !== "camera";
    this.#part("example").hidden = source !== "font";
    this.#part("again").textContent = { draw: "Clear", camera: "Try again", font: "Another" }[source];
    this.#part("stage-note").textContent = {
      draw: "Draw a digit with mouse, finger or pen.",
      camera: "Asking for the camera …",
      font: "Printed in a font that it does not learn from.",
    }[source];
    this.#verdict.clear("");
    if (source === "camera") await this.#film();
    else {
      this.#camera.stop();
      await this.look();
    }
  }

  async #film(): Promise<void> {
    const note = this.#part("stage-note");
    const film = ++this.#films;
    const goesOn = () => this.#source === "camera" && film === this.#films;
    try {
      await this.#camera.start();
      if (goesOn()) note.textContent = "Hold a dark digit on bright paper into the frame.";
      // Allowed when nobody wants it any more.
      else if (this.#source !== "camera") this.#camera.stop();
      while (goesOn()) {
        await this.look();
        await new Promise((resolve) => setTimeout(resolve, FRAME_EVERY));
      }
    } catch (error) {
      if (goesOn()) note.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  #onAgain(): void {
    if (this.#source === "draw") this.#pad.clear();
    else if (this.#source === "camera") void this.#choose("camera");
    else {
      this.#example = (this.#example + 37) % (SHEETS * SHEET_SIZE);
      void this.look();
    }
  }

  /** Has the network look at the picture as it is now. Calls that come too fast are made one. */
  async look(): Promise<void> {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    try {
      do {
        this.#again = false;
        await this.#lookOnce();
      } while (this.#again);
    } finally {
      this.#busy = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const session = this.#session;
    const source = this.#source;
    if (!session) return;
    if (source === "camera" && !this.#camera.ready) return;
    const example = session.heldOut.sheets[Math.floor(this.#example / SHEET_SIZE)];
    const at = this.#example % SHEET_SIZE;
    const crop = placeOf(example, at);
    if (source === "font") this.#showExample(example.image, crop, example.digits[at].font.name);
    const { video } = this.#camera;
    const looks = {
      draw: () => session.look(this.#pad.picture),
      camera: () => session.watch(video, video.videoWidth, video.videoHeight),
      font: () => session.look(example.image, crop),
    };
    const look = await looks[source]().catch((error: unknown) => {
      // A network that is built anew ends the looks of the one before.
      if (session === this.#session) throw error;
    });
    if (!look || session !== this.#session || source !== this.#source) return;
    this.#onLook(look);
    if (source === "draw" && this.#pad.empty) this.#verdict.clear("");
    else this.#verdict.show(look.probabilities, source === "font" ? example.labels[at] : undefined);
  }

  #showExample(image: ImageBitmap, { x, y }: Crop, font: string): void {
    const canvas = find(this.#panel, '[data-id="example"]', HTMLCanvasElement);
    canvas.getContext("2d")?.drawImage(image, x, y, SIDE, SIDE, 0, 0, SIDE, SIDE);
    this.#part("stage-note").textContent = `Printed in ${font}, which it does not learn from.`;
  }
}
