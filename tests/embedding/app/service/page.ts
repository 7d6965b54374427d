/** Registers a service worker and asks it to train. */
async function ask(script: string): Promise<unknown> {
  const registration = await navigator.serviceWorker.register(`./${script}`, { type: "module", scope: `./${script}/` });
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  if (!worker) throw new Error("no service worker");
  await new Promise<void>((resolve) => {
    const look = () => {
      if (worker.state === "activated") resolve();
    };
    worker.addEventListener("statechange", look);
    look();
  });
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
  });
  worker.postMessage("train", [port2]);
  const result = await answer;
  await registration.unregister();
  return result;
}

Object.assign(window, { ask });
