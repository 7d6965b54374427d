import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { FlagCase, NormCase, RuleCase } from "./pages/update.ts";

const PAGE = "tests/gpu/pages/update.ts";
/** Bits of the f32 values that the finish kernel writes. */
const ONE = 0x3f800000;
const NOT_A_NUMBER = 0x7fc00000;

describe("clipping and updates in the browser", () => {
  test.each([true, false])("the global norm of any finite gradients, and the factor that clips (joined: %s)", async (joined) => {
    for (const { name, norm, scale, control } of await inPage<NormCase[]>(PAGE, "normCases", joined)) {
      expect(norm, `${name}: norm`).toBeLessThan(1e-6);
      expect(scale, `${name}: scale`).toBeLessThan(1e-6);
      expect(control.slice(1, 3), `${name}: skip, step`).toEqual([0, 5]);
    }
  });

  test.each([true, false])("what is not finite is found, named, and stops updates until it is cleared (joined: %s)", async (joined) => {
    const cases = await inPage<Record<string, FlagCase>>(PAGE, "flagCases", joined);
    for (const name of ["fine", "noLoss"]) {
      expect(cases[name].status, name).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
      expect(cases[name].control.slice(0, 3), name).toEqual([ONE, 0, 5]);
    }
    const flags = { infinite: 1, negative: 1, nan: 1, loss: 2, both: 3 };
    for (const [name, flag] of Object.entries(flags)) {
      expect(cases[name].status, name).toEqual([flag, 5, 17, 0, 0, 0, 0, 0]);
      expect(cases[name].control.slice(1, 3), name).toEqual([1, 4]);
      expect(cases[name].control[3] === NOT_A_NUMBER, name).toBe(flag !== 2);
    }
    expect(cases.sticky.status).toEqual([2, 9, 3, 0, 0, 0, 0, 0]);
    expect(cases.sticky.control.slice(1, 3)).toEqual([1, 4]);
  });

  test("every rule follows its reference, leaves gaps alone, and does nothing when told to skip", async () => {
    for (const { name, error, gapsKept, skips } of await inPage<RuleCase[]>(PAGE, "ruleCases")) {
      expect(error, name).toBeLessThan(3e-6);
      expect({ gapsKept, skips }, name).toEqual({ gapsKept: true, skips: true });
    }
  });
});
