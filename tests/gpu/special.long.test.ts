import { specialTests } from "./sweeps/special.ts";

specialTests({ upTo: 2e4, share: 0.02, seed: 1 });
