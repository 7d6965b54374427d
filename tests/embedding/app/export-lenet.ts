import { exportTrainer } from "unroll-gpu";
import { network, training } from "./src/network.ts";

// unroll export export-lenet.ts --out src/lenet.json
export default exportTrainer(network(), training(16));
