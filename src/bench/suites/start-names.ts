/** What is started cold: the command line gives each a fresh browser. */
export const startNames = ["first loss of LeNet B64", "first loss of tanh RNN T128 B16 I64 H128 O64"] as const;
export type StartName = (typeof startNames)[number];
