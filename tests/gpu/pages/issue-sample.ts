import { issueSample } from "../../types/issue-sample.ts";

/** On the references, on a device of the engine's own, and on a device of the host's, which must stay alive. */
export async function sample() {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await (adapter as GPUAdapter).requestDevice();
  let lost = false;
  void device.lost.then(() => {
    lost = true;
  });
  const results = [await issueSample({ reference: true }), await issueSample({}), await issueSample({ device })];
  await device.queue.onSubmittedWorkDone();
  const alive = !lost;
  device.destroy();
  return { results, alive };
}
