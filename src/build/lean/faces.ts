import type { ESTree } from "vite";
import { type Edit, type Fail, type Node, removal, walk } from "../syntax.ts";

/** Faces of ops, kernels and optimizers that are there to prove what the GPU does. */
const FACES: ReadonlySet<string> = new Set(["reference", "error", "spot"]);

/** Where they stand: the rooms of the ops, and the types that name them. */
const ROOMS = /^src\/(?:ops\/|graph\/(?:op|update)\.ts$)/;
/** The functions of activations are small, and by them an activation is known: they stay. */
const KEPT_ROOM = "src/ops/activation.ts";
const KEPT_TYPE = "Activation";

/** Edits that take the faces away, from the objects and from their types. */
export function removeFaces(code: string, path: string, program: ESTree.Program, fail: Fail): Edit[] {
  if (!ROOMS.test(path) || path === KEPT_ROOM) return [];
  const edits: Edit[] = [];
  walk(program, (node) => {
    if (node.type === "TSInterfaceDeclaration" && node.id.name === KEPT_TYPE) return false;
    if (node.type === "TSInterfaceBody") edits.push(...facesAmong(node.body).map((member) => removal(code, member)));
    if (node.type === "ObjectExpression")
      for (const property of facesAmong(node.properties)) {
        if (!isFunction(property)) fail(property, "a face of a form that is not known here");
        edits.push(removal(code, property));
      }
    // Pick<Op, "reference" | "cost">
    if (node.type === "TSUnionType") {
      const gone = facesAmong(node.types);
      const kept = node.types.filter((type) => !gone.includes(type)).map(({ start, end }) => code.slice(start, end));
      if (gone.length > 0) edits.push({ start: node.start, end: node.end, text: kept.join(" | ") });
    }
    return true;
  });
  return edits;
}

/** A formula is a `value` beside its `error`. */
function facesAmong(members: readonly Node[]): readonly Node[] {
  const formula = members.some((member) => nameOf(member) === "error");
  return members.filter((member) => {
    const name = nameOf(member);
    return name !== undefined && (FACES.has(name) || (formula && name === "value"));
  });
}

function nameOf(member: Node): string | undefined {
  if (member.type === "TSLiteralType") return member.literal.type === "Literal" ? String(member.literal.value) : undefined;
  if (member.type !== "Property" && member.type !== "TSPropertySignature" && member.type !== "TSMethodSignature") return undefined;
  return !member.computed && member.key.type === "Identifier" ? member.key.name : undefined;
}

const isFunction = (property: Node): boolean =>
  property.type === "Property" && ["FunctionExpression", "ArrowFunctionExpression", "Identifier"].includes(property.value.type);
