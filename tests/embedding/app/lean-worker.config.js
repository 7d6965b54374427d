import lean from "./lean.config.js";

// As Vite up to version 7 wants it, where a Worker loads kernels on demand.
export default { ...lean, worker: { format: "es" } };
