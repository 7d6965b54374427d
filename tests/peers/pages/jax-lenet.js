import { lax, nn, numpy as np } from "@jax-js/jax";
import { channelsFirst, filterFirst, rowsFirst } from "../layout.ts";

export const array = ({ shape, data }) => np.array(data).reshape([...shape]);
export const images = (values) => array(channelsFirst(values));
export const filters = (values) => array(filterFirst(values));
export const each = (f, named) => Object.fromEntries(Object.entries(named).map(([name, values]) => [name, f(values)]));

export const pools = {
  max: (x) => lax.reduceWindow(x, np.max, [2, 2], [2, 2]),
  average: (x) => lax.reduceWindow(x, np.mean, [2, 2], [2, 2]),
};

/** As jax-js's own MNIST page builds its ConvNet: pooling before ReLU, which gives the same from fewer elements. */
export const lenet = ({ W1, b1, W2, b2, W3, b3 }, x) => {
  const h1 = nn.relu(pools.max(lax.convGeneralDilated(x, W1, [1, 1], "VALID").add(b1)));
  const h2 = nn.relu(pools.max(lax.convGeneralDilated(h1, W2, [1, 1], "VALID").add(b2)));
  return np.dot(h2.reshape([-1, 256]), W3).add(b3);
};

export const lenetParameters = ({ W1, b1, W2, b2, W3, b3 }) => ({
  W1: filters(W1),
  b1: np.array(b1.data).reshape([8, 1, 1]),
  W2: filters(W2),
  b2: np.array(b2.data).reshape([16, 1, 1]),
  W3: array(rowsFirst(W3)),
  b3: array(b3),
});
