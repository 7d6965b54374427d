import { cutWalkTests } from "./sweeps/cut-walks.ts";

cutWalkTests(68);
