/** What to tell somebody whose camera cannot be used, by the name of the browser's error. */
const REASONS: Readonly<Record<string, string>> = {
  NotAllowedError: "The camera was not allowed. Allow it in the address bar of the browser, then choose Camera again.",
  NotFoundError: "No camera was found. Connect one, then choose Camera again.",
  NotReadableError: "The camera is in use by another program. Close that, then choose Camera again.",
};

/** The pictures of a camera, in a video element. */
export class Camera {
  readonly video: HTMLVideoElement;
  #stream: MediaStream | undefined;

  constructor(video: HTMLVideoElement) {
    this.video = video;
  }

  /** @throws Error with a sentence for the reader when there is no picture to be had. */
  async start(): Promise<void> {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error("This browser offers no camera to this page: it needs HTTPS, or localhost.");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 640 }, height: { ideal: 480 } },
      });
      this.stop();
      this.#stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
    } catch (error) {
      this.stop();
      const name = error instanceof DOMException ? error.name : "";
      throw new Error(REASONS[name] ?? `The camera gives no picture: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  get ready(): boolean {
    return this.#stream !== undefined && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && this.video.videoWidth > 0;
  }

  stop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.video.srcObject = null;
  }
}
