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
  /** The stream, once its first picture was shown. */
  #shows: MediaStream | undefined;

  constructor(video: HTMLVideoElement) {
    this.video = video;
  }

  /** @throws Error with a sentence for the reader when there is no picture to be had. */
  async start(): Promise<void> {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error("This browser offers no camera to this page: it needs HTTPS, or localhost.");
    let stream: MediaStream | undefined;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 640 }, height: { ideal: 480 } },
      });
      this.stop();
      this.#stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
      // Playing, a video may still have no picture.
      await new Promise<void>((resolve) => this.video.requestVideoFrameCallback(() => resolve()));
      this.#shows = this.#stream;
    } catch (error) {
      // Of two that were started, the first must not stop the second.
      if (this.#stream === stream) this.stop();
      else release(stream);
      const name = error instanceof DOMException ? error.name : "";
      throw new Error(REASONS[name] ?? `The camera gives no picture: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Whether there is a picture now. */
  get ready(): boolean {
    return this.#shows !== undefined && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && this.video.videoWidth > 0;
  }

  stop(): void {
    release(this.#stream);
    this.#stream = this.#shows = undefined;
    this.video.srcObject = null;
  }
}

function release(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
