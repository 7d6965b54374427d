export { matmulGradient } from "./matmul.ts";
