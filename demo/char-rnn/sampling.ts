/**
 * Draws a token from softmax(scores / temperature), where `uniform` is a random number in [0, 1): the first token at which the
 * cumulated probability exceeds it.
 */
export function drawToken(scores: ArrayLike<number>, temperature: number, uniform: number): number {
  let max = -Infinity;
  for (let i = 0; i < scores.length; i++) max = Math.max(max, scores[i]);
  const weights = Float64Array.from(scores, (score) => Math.exp((score - max) / temperature));
  let left = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i];
    if (left < 0) return i;
  }
  return weights.length - 1;
}
