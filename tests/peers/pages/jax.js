import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { BATCHES, mark, run } from "./measure.ts";
import { BATCH, CLASSES, firstWeights, LEARNING_RATE } from "./network.ts";

// As jax-js's own MNIST page builds its ConvNet (pooling before ReLU, which gives the same), with one jit around the whole step and
// plain SGD within it: of what its documentation offers this was the fastest. Arrays are consumed where they are used; `.ref` keeps one.

const maxPool = (x) => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);

function lossOf({ W1, b1, W2, b2, W3, b3 }, x, labels) {
  const h1 = nn.relu(maxPool(lax.convGeneralDilated(x, W1, [1, 1], "VALID").add(b1)));
  const h2 = nn.relu(maxPool(lax.convGeneralDilated(h1, W2, [1, 1], "VALID").add(b2)));
  const logits = np.dot(h2.reshape([BATCH, 256]), W3).add(b3);
  return nn
    .logSoftmax(logits)
    .mul(nn.oneHot(labels, CLASSES))
    .sum()
    .mul(-1 / BATCH);
}

const trainingStep = jit((params, x, labels) => {
  const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(params), x, labels);
  return [loss, tree.map((value, gradient) => value.sub(gradient.mul(LEARNING_RATE)), params, gradients)];
});

/** [height, width, in, out] → [out, in, height, width], and the rows of the dense layer from [h, w, c] to [c, h, w]. */
function toChannelsFirst({ W1, b1, W2, b2, W3, b3 }) {
  const turned = (values, [h, w, i, o]) =>
    Float32Array.from({ length: values.length }, (_, at) => {
      const [x, y] = [at % w, Math.floor(at / w) % h];
      const [from, to] = [Math.floor(at / (w * h)) % i, Math.floor(at / (w * h * i))];
      return values[((y * w + x) * i + from) * o + to];
    });
  const rows = Float32Array.from({ length: W3.length }, (_, at) => {
    const row = Math.floor(at / CLASSES);
    return W3[((row % 16) * 16 + Math.floor(row / 16)) * CLASSES + (at % CLASSES)];
  });
  return {
    W1: np.array(turned(W1, [5, 5, 1, 8])).reshape([8, 1, 5, 5]),
    b1: np.array(b1).reshape([8, 1, 1]),
    W2: np.array(turned(W2, [5, 5, 8, 16])).reshape([16, 8, 5, 5]),
    b2: np.array(b2).reshape([16, 1, 1]),
    W3: np.array(rows).reshape([256, CLASSES]),
    b3: np.array(b3),
  };
}

async function start(first) {
  await init("webgpu");
  defaultDevice("webgpu");
  mark("init");
  const onDevice = ({ x, labels }) => ({ x: np.array(x).reshape([BATCH, 1, 28, 28]), labels: np.array(labels) });
  let params = toChannelsFirst(firstWeights());
  // Held on the device, which is more than the other page does: it uploads its batch with each step.
  const batches = [onDevice(first)];
  mark("arrays");
  const next = (k) => {
    const { x, labels } = batches[k];
    let loss;
    [loss, params] = trainingStep(params, x.ref, labels.ref);
    return loss;
  };
  return {
    async step(k) {
      return (await next(k).data())[0];
    },
    async loop(steps) {
      for (let i = 0; i < steps - 1; i++) next(i % BATCHES).dispose();
      return (await next((steps - 1) % BATCHES).data())[0];
    },
    prepare([, ...rest]) {
      batches.push(...rest.map(onDevice));
    },
  };
}

run(start, async () => {
  const { info } = await navigator.gpu.requestAdapter();
  return `${info.description} · ${info.vendor} · ${info.architecture}`;
});
