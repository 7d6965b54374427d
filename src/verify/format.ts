import type { CaseReport, OpSummary } from "./schema.ts";

/** One op on one line: worst error beside its bound, cases, variants. */
export function formatSummary({ op, ok, cases, failed, variants, unreached, missing = [], worst }: OpSummary): string {
  const error = worst ? `${short(worst.error)} of ${short(worst.bound)} allowed (${percent(worst.ratio)})` : "a view: no kernel";
  const count = failed > 0 ? `${failed} of ${cases} cases FAILED` : `${cases} cases`;
  const names = variants.map((name) => (name === worst?.variant && variants.length > 1 ? `${name}*` : name)).join(", ");
  const missed = unreached.length > 0 ? `; not reached here: ${unreached.join(", ")}` : "";
  const lacking = missing.length > 0 ? `; not possible here: ${missing.join("; ")}` : "";
  return `${ok ? "ok  " : "FAIL"} ${op.padEnd(22)} ${error.padEnd(38)} ${count.padEnd(10)} ${names}${missed}${lacking}`;
}

/** A failed case in full. */
export function formatFailure(report: CaseReport): string {
  const where = report.inPlace === undefined ? "" : `, in place of input ${report.inPlace}`;
  const node = report.node === report.op ? "" : ` → ${report.node}`;
  const call = `(${report.inputs.join(", ")}) → ${report.outputs.join(", ")} ${report.attributes}`;
  return `${report.op}${node} [${report.variant}, ${report.device}, ${report.face}${where}] ${call}\n    ${report.problem ?? "fine"}`;
}

const short = (value: number | null): string => (value === null ? "infinite" : value === 0 ? "0" : value.toExponential(1));

const percent = (ratio: number | null): string => (ratio === null ? "∞" : `${Math.round(100 * ratio)} %`);

const KINDS: Readonly<Record<NonNullable<OpSummary["kind"]>, string>> = {
  op: "ops",
  update: "updates",
  program: "programs",
  image: "images",
};

/** What was proven, a line for each kind, with the number of cases; and what could not be here. */
export function formatCoverage(summaries: readonly OpSummary[]): string {
  const lines = Object.entries(KINDS).flatMap(([kind, words]) => {
    const own = summaries.filter((summary) => (summary.kind ?? "op") === kind);
    if (own.length === 0) return [];
    const cases = own.reduce((sum, summary) => sum + summary.cases, 0);
    const names = kind === "op" ? `${own.length} ops, every variant, forward and gradient` : own.map(({ op }) => op).join(", ");
    return [`${`${words}:`.padEnd(10)} ${cases} cases: ${names}`];
  });
  const missing = summaries.flatMap(({ op, missing: lacking = [] }) => lacking.map((reason) => `${op}: ${reason}`));
  return [...lines, ...missing.map((one) => `not proven here: ${one}`)].join("\n");
}
