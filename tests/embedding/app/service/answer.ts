interface Message extends Event {
  readonly ports: readonly MessagePort[];
  waitUntil(work: Promise<unknown>): void;
}

/** Answers each message with what the work gives, or its error. */
export function answer(work: () => Promise<unknown>): void {
  self.addEventListener("message", (event) => {
    const { ports, waitUntil } = event as unknown as Message;
    const done = work().catch((error: unknown) => ({ error: String(error), code: (error as { code?: string }).code }));
    waitUntil.call(
      event,
      done.then((result) => ports[0]?.postMessage(result)),
    );
  });
}
