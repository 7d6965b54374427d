import { defaultDevice, getWebGPUDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad, vjp } from "@jax-js/jax";
import { channelsLast, filterLast, rowsLast } from "../layout.ts";
import { CLIP_NORM, LEARNING_RATE, padding } from "../works.ts";
import { array, each, filters, images, lenet, lenetParameters, pools } from "./jax-lenet.js";
import { serve, trained } from "./page.ts";

// One `jit` around each piece of work, as jax-js's documentation advises. Arrays are consumed where they are used; `.ref` keeps one.
// It is lazy, and drops work whose result is disposed before it was asked for: `gpuBuffer` submits all that an output needs.

const conv = ({ stride, kernel, groups }) => {
  const pad = padding(kernel);
  const around = [
    [pad, pad],
    [pad, pad],
  ];
  return (x, w) => lax.convGeneralDilated(x, w, [stride, stride], around, { featureGroupCount: groups });
};
/** Gradients alone: what the forward pass computes besides is dropped by `jit`. */
const backward = (f, primals, dy) => {
  const [y, pull] = vjp(f, primals);
  y.dispose();
  const gradients = pull(dy);
  pull.dispose();
  return gradients;
};

/**
 * [T, B, I] → the states of all steps, by a loop that `jit` unrolls: there is no scan. As a list, since stacking them takes longer than
 * the loop.
 */
function states(x, { U, W, b }) {
  const [T, B, I] = x.shape;
  const H = W.shape[0];
  const xu = np
    .dot(x.reshape([T * B, I]), U)
    .add(b)
    .reshape([T, B, H]);
  const all = [];
  let h;
  for (let t = 0; t < T; t++) {
    const own = xu.ref.slice(t);
    h = np.tanh(h === undefined ? own : own.add(np.dot(h, W.ref)));
    all.push(h.ref);
  }
  h.dispose();
  xu.dispose();
  W.dispose();
  return all;
}

function operation(work, { shared, sets }) {
  const { kept, own, f, back } = forwardOf(work, shared);
  const f1 = jit(f);
  const inputs = sets.map(own);
  const start = (set) => f1(tree.ref(kept), tree.ref(inputs[set]));
  const read = async ([name, results]) => {
    const { shape } = results;
    const parts = await Promise.all(tree.leaves(results).map((result) => result.data()));
    const data = parts.length === 1 ? parts[0] : Float32Array.from(parts.flatMap((part) => [...part]));
    return [name, back[name]?.({ shape, data }).data ?? data];
  };
  return {
    run: (set) => submitted(start(set)),
    outputs: async () => Object.fromEntries(await Promise.all(Object.entries(start(0)).map(read))),
    dispose() {
      tree.dispose(kept);
      tree.dispose(inputs);
    },
  };
}

/** Submits all that these arrays need, and lets go of them. */
const submitted = (results) => Promise.all(tree.leaves(results).map((result) => result.gpuBuffer()));

/** `kept`: what stays on the device; `own`: a set of inputs there; `f`: from both to the outputs by name; `back`: to our layouts. */
function forwardOf(work, shared) {
  switch (work.kind) {
    case "matmul":
      return { kept: {}, own: ({ a, b }) => ({ a: array(a), b: array(b) }), f: (_, { a, b }) => ({ y: np.dot(a, b) }), back: {} };
    case "conv":
      return {
        kept: { w: filters(shared.w) },
        own: ({ x }) => ({ x: images(x) }),
        f: ({ w }, { x }) => ({ y: conv(work)(x, w) }),
        back: { y: channelsLast },
      };
    case "conv gradients":
      return {
        kept: { w: filters(shared.w) },
        own: ({ x, dy }) => ({ x: images(x), dy: images(dy) }),
        f: ({ w }, { x, dy }) => {
          const [dx, dw] = backward(conv(work), [x, w], dy);
          return { dx, dw };
        },
        back: { dx: channelsLast, dw: filterLast },
      };
    case "pool":
      return {
        kept: {},
        own: ({ x }) => ({ x: images(x) }),
        f: (_, { x }) => ({ y: pools[work.op](x) }),
        back: { y: channelsLast },
      };
    case "pool gradient":
      return {
        kept: {},
        own: ({ x, dy }) => ({ x: images(x), dy: images(dy) }),
        f: (_, { x, dy }) => {
          const [dx] = backward(pools[work.op], [x], dy);
          return { dx };
        },
        back: { dx: channelsLast },
      };
    case "rnn":
      return {
        kept: each(array, shared),
        own: ({ x }) => ({ x: array(x) }),
        f: (cell, { x }) => ({ y: states(x, cell) }),
        back: {},
      };
    case "lenet":
      return { kept: lenetParameters(shared), own: ({ x }) => ({ x: images(x) }), f: (p, { x }) => ({ y: lenet(p, x) }), back: {} };
  }
}

function lossOf(work) {
  const crossEntropy = (logits, labels, classes) =>
    nn
      .logSoftmax(logits)
      .mul(nn.oneHot(labels, classes))
      .sum()
      .mul(-1 / labels.size);
  if (work.kind === "lenet training") return (p, { x, labels }) => crossEntropy(lenet(p, x), labels, 10);
  const { t, b } = work;
  const outputs = ({ V, c, ...cell }, x) => np.dot(np.concatenate(states(x, cell), 0), V).add(c);
  if (work.kind === "rnn training") return (p, { x, target }) => np.square(outputs(p, x).sub(target.reshape([t * b, work.o]))).mean();
  return (p, { x, target }) => crossEntropy(outputs(p, nn.oneHot(x, work.v)), target.reshape([t * b]), work.v);
}

/** min(1, CLIP_NORM / ‖g‖) over all gradients. */
function clipScale(gradients) {
  const squares = tree.leaves(gradients).map((g) => np.square(g.ref).sum());
  const norm = np.sqrt(squares.reduce((a, b) => a.add(b)));
  return np.minimum(1, np.array(CLIP_NORM).div(norm));
}

function training(work, data) {
  const loss = lossOf(work);
  const isLenet = work.kind === "lenet training";
  const step = jit((parameters, batch) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), batch);
    const rate = isLenet ? np.array(LEARNING_RATE) : clipScale(gradients).mul(LEARNING_RATE);
    const next = tree.map((p, g) => p.sub(g.mul(rate.ref)), parameters, gradients);
    rate.dispose();
    return [value, next];
  });
  let parameters = isLenet ? lenetParameters(data.shared) : each(array, data.shared);
  const batches = data.sets.map((set) => each((values) => (isLenet && values.shape.length === 4 ? images(values) : array(values)), set));
  const next = (set) => {
    const [value, changed] = step(parameters, tree.ref(batches[set]));
    parameters = changed;
    return value;
  };
  const back = isLenet ? { W1: filterLast, W2: filterLast, W3: rowsLast } : {};
  return {
    run: (set) => submitted([next(set), tree.ref(parameters)]),
    outputs: () =>
      trained(
        data,
        async (set) => (await next(set).data())[0],
        async () => {
          const read = async ([name, value]) => {
            const { shape } = value;
            const values = await value.ref.data();
            return [name, back[name]?.({ shape, data: values }).data ?? values];
          };
          return Object.fromEntries(await Promise.all(Object.entries(parameters).map(read)));
        },
      ),
    dispose() {
      tree.dispose(parameters);
      tree.dispose(batches);
    },
  };
}

serve(async () => {
  await init("webgpu");
  defaultDevice("webgpu");
  return {
    open: async (work, data) => (/training|character/.test(work.kind) ? training(work, data) : operation(work, data)),
    finish: () => getWebGPUDevice().queue.onSubmittedWorkDone(),
  };
});
