import { courseTests } from "./sweeps/cnn.ts";

courseTests(20, "whole");
