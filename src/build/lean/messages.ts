import type { ESTree } from "vite";
import { type Edit, type Fail, type Node, walk } from "../syntax.ts";

/** A piece of a message: text as it stands in a template, or an expression in it. */
type Piece = string | ESTree.Expression;

/** Behind the name that it leads with, every error of the lean package says the same. */
export const SHORT = `
export function short(code: ErrorCode, lead: string, options?: ErrorOptions): UnrollError {
  return new UnrollError(code, \`\${lead} [\${code}]: import from "unroll-gpu" to read more\`, options);
}
`;

/** Edits that leave of each message what it leads with: op and argument. */
export function shortenMessages(code: string, program: ESTree.Program, passesOn: boolean, fail: Fail): { edits: Edit[]; made: boolean } {
  const edits: Edit[] = [];
  let made = false;
  walk(program, (node) => {
    if (node.type === "NewExpression" && isNamed(node.callee, "UnrollError")) {
      // What `check` was given is short already.
      const passed = passesOn && node.arguments[1]?.type === "ConditionalExpression";
      if (!passed) edits.push(shortened(code, node, node.arguments[1], fail));
      edits.push({ start: node.start, end: node.callee.end, text: "short" });
      made = true;
    }
    if (node.type === "CallExpression" && isNamed(node.callee, "check")) edits.push(shortened(code, node, node.arguments[2], fail));
  });
  return { edits, made };
}

const isNamed = (node: Node, name: string): boolean => node.type === "Identifier" && node.name === name;

function shortened(code: string, call: Node, message: Node | undefined, fail: Fail): Edit {
  if (!message) return fail(call, "an error without a message");
  const { start, end } = message;
  if (message.type !== "ArrowFunctionExpression") return { start, end, text: written(code, leadOf(piecesOf(message, fail))) };
  if (message.params.length > 0) return fail(message, "a message made from arguments");
  const lead = leadOf(piecesOf(message.body, fail));
  const [only] = lead;
  // A name alone costs nothing to look up; the rest is put together when it is needed.
  const plain = lead.length === 0 || (lead.length === 1 && (typeof only === "string" || only.type === "Identifier"));
  return { start, end, text: (plain ? "" : "() => ") + written(code, lead) };
}

function piecesOf(message: Node, fail: Fail): readonly Piece[] {
  if (message.type === "Literal" && typeof message.value === "string") return [message.value.replace(/[\\`$]/g, "\\$&")];
  if (message.type === "TemplateLiteral")
    return message.quasis.flatMap(({ value }, i): Piece[] => [value.raw, ...message.expressions.slice(i, i + 1)]);
  if (message.type === "ConditionalExpression") {
    // Both say the same first.
    const [one, other] = [message.consequent, message.alternate].map((side) => leadOf(piecesOf(side, fail)));
    if (one.length === 1 && one[0] === other[0]) return one;
  }
  return fail(message, "a message of a form that is not known here");
}

/** What a message says before its first colon, and the argument that it names right behind it. */
export function leadOf(pieces: readonly Piece[]): readonly Piece[] {
  const colon = pieces.findIndex((piece) => typeof piece === "string" && /:(?: |$)/.test(piece));
  if (colon < 0) return upToName(pieces);
  const text = pieces[colon] as string;
  const at = text.search(/:(?: |$)/);
  const before = [...pieces.slice(0, colon), text.slice(0, at)];
  const rest = text.slice(at + 1);
  const next = pieces[colon + 1];
  const argument: Piece[] = [];
  const word = /^ (?:the )?([a-zA-Z]\w*)(?= (?:is|are|must|has|needs)\b)/.exec(rest);
  const named = typeof next === "object" && isName(next);
  if (word) argument.push(`: ${word[1]}`);
  else if (rest === " " && named) argument.push(": ", next);
  else if (/^ (?:\w+ )?"$/.test(rest) && named && String(pieces[colon + 2]).startsWith('"')) argument.push(`:${rest}`, next, '"');
  return joined([...simple(before), ...argument]);
}

/** Without a colon: the words up to the first comma, or up to the name in quotation marks. */
function upToName(pieces: readonly Piece[]): readonly Piece[] {
  const [text, name, after] = pieces as readonly [string, Piece | undefined, string | undefined];
  if (text === "" && name && typeof name === "object" && isName(name)) return [name];
  if (text.endsWith('"') && name && typeof name === "object" && isName(name) && after?.startsWith('"')) return [text, name, '"'];
  return joined([text.split(/[,;]/)[0].trim()]);
}

/** Up to the first expression that does more than name something. */
function simple(pieces: readonly Piece[]): readonly Piece[] {
  const end = pieces.findIndex((piece) => typeof piece === "object" && !isName(piece));
  return end < 0 ? pieces : pieces.slice(0, end);
}

function isName(node: Node): boolean {
  if (node.type === "Identifier" || node.type === "ThisExpression" || node.type === "Literal") return true;
  if (node.type === "BinaryExpression") return isName(node.left) && isName(node.right);
  return node.type === "MemberExpression" && !node.computed && isName(node.object);
}

function joined(pieces: readonly Piece[]): readonly Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result[result.length - 1];
    if (typeof piece === "string" && typeof last === "string") result[result.length - 1] = last + piece;
    else if (piece !== "") result.push(piece);
  }
  return result;
}

function written(code: string, lead: readonly Piece[]): string {
  if (lead.length === 0) return '""';
  if (lead.length === 1 && typeof lead[0] === "object") return code.slice(lead[0].start, lead[0].end);
  return `\`${lead.map((piece) => (typeof piece === "string" ? piece : `\${${code.slice(piece.start, piece.end)}}`)).join("")}\``;
}
