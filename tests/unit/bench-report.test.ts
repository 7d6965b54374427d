import { describe, expect, test } from "vitest";
import { bytes, date, duration, milliseconds, number, percent, plain, rate, times } from "../../src/bench/report/format.ts";
import { browserName } from "../../src/bench/report/head.ts";
import { renderPage, renderParts, renderReport } from "../../src/bench/report/render.ts";
import { barScale, linearScale, logScale } from "../../src/bench/report/scale.ts";
import type { BenchReport, BenchResult } from "../../src/bench/schema.ts";
import { sampleReport } from "../support/bench-report.ts";

/** Names of all elements and attributes, and the text between, of HTML that this renderer writes: attributes are all quoted. */
function parse(text: string): { tags: Set<string>; attributes: Set<string>; words: string } {
  const tag = /<(\/?)([a-zA-Z][^\s/>]*)((?:\s+[^\s=>/"]+="[^"<]*"|\s+[^\s=>/"]+)*)\s*\/?>/g;
  const [tags, attributes] = [new Set<string>(), new Set<string>()];
  const words = text.replace(tag, (_, _close: string, name: string, given: string) => {
    tags.add(name);
    for (const [, attribute] of given.matchAll(/\s+([^\s=>/"]+)(?:="[^"]*")?/g)) attributes.add(attribute);
    return " ";
  });
  return { tags, attributes, words };
}

const entities: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
const decoded = (text: string): string => text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity]);

const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1]);
const rows = (report: readonly BenchReport[]): string[] => all(renderParts(report).table, /(<tr class="[\s\S]*?<\/tr>)/g);

/** Every string of a value replaced. */
function replaced(value: unknown, text: (old: string, path: string) => string, path = ""): unknown {
  if (typeof value === "string") return text(value, path);
  if (Array.isArray(value)) return value.map((item) => replaced(item, text, path));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [text(key, "key") === key ? key : key, replaced(item, text, `${path}.${key}`)]),
  );
}

describe("what a report holds cannot become part of the page", () => {
  const HOSTILE = `"><img src=x onerror=alert(1)></title></style></script><script>alert(2)</script>'\`\${1}&amp;`;
  const KEPT = /^\.(schema|date|clock\.kind|results\.check\.against)$/;
  const hostile = (report: BenchReport): BenchReport => {
    const made = replaced(report, (old, path) => (KEPT.test(path) ? old : `${old}${HOSTILE}`)) as BenchReport;
    const environment = { ...made.environment, limits: { [HOSTILE]: 3 }, versions: { [HOSTILE]: HOSTILE } };
    return { ...made, date: HOSTILE, environment };
  };

  test.each([1, 2])("in a page of %i", (count) => {
    // Side by side a few rows are enough: each pair takes thousands of draws.
    const reports = [sampleReport(), sampleReport({ seed: 2, software: false })]
      .slice(0, count)
      .map((report) => (count === 1 ? report : { ...report, results: report.results.slice(0, 8) }));
    const names = reports.map(() => HOSTILE);
    for (const options of [{}, { names, title: HOSTILE }]) {
      const [friendly, made] = [renderReport(reports), renderReport(reports.map(hostile), options)];
      const [before, after] = [parse(friendly), parse(made)];
      expect(after.tags).toEqual(before.tags);
      expect(after.attributes).toEqual(before.attributes);
      expect(after.words.match(/.{0,40}[<>]/)?.[0]).toBeUndefined();
      expect(decoded(after.words).includes(HOSTILE)).toBe(true);
      const page = renderPage(reports.map(hostile), options);
      expect(page.split("<script").length).toBe(2);
      expect(page.split("</script").length).toBe(2);
      expect(page.slice(0, page.indexOf("<body>")).split("</title").length).toBe(2);
      expect(page.split("</style").length).toBe(2);
    }
  });

  test("and nothing needs inline styles, inline handlers or the network", () => {
    const { tags, attributes } = parse(renderReport([sampleReport(), sampleReport({ seed: 2 })]));
    for (const name of attributes) expect(name).not.toMatch(/^(style|on.*|href|src|srcset|xlink:href)$/);
    for (const name of ["script", "style", "link", "img", "iframe", "a", "form"]) expect(tags).not.toContain(name);
    expect(renderPage([sampleReport()]).match(/https?:\/\/|@import|url\(/)).toBeNull();
  });
});

describe("one report", () => {
  const report = sampleReport();
  const parts = renderParts([report]);

  test("begins with the adapter, and says of a software adapter what it is", () => {
    const first = parse(parts.head).words.trim().split("\n")[0];
    expect(first).toContain("SwiftShader Device (LLVM 10.0.0)");
    expect(first).toContain("software, no GPU");
    expect(parse(renderParts([sampleReport({ software: false })]).head).words).not.toContain("software, no GPU");
    expect(/<title>(.*)<\/title>/.exec(renderPage([report]))?.[1]).toContain("software, no GPU");
    const words = decoded(parse(parts.head).words).replace(/\s+/g, " ");
    for (const text of [
      "25 Nov 2026, 21:44 UTC",
      "GPU timestamps, grain 100 ns; wall clock, grain 5.00 µs",
      "35 timed, 2 wrong, 1 not available",
    ])
      expect(words).toContain(text);
    for (const text of ["--enable-unsafe-webgpu", "jax-js 0.1.0", "Chrome (headless) 156.0.0.0 on Linux x86_64"])
      expect(words).toContain(text);
  });

  test("has a point for each result with a time, FLOPs and bytes, at its place beneath the ceilings", () => {
    const points = all(parts.hardware, /(<circle class="point[\s\S]*?<\/circle>)/g);
    const expected = report.results.filter(({ flops, bytes, gpu, check }) => flops && bytes && gpu && check.ok);
    expect(points.length).toBe(expected.length);
    const place = (name: string, subject: string): [number, number] => {
      const point = points.find((text) => text.includes(`data-name="${name} ${subject}"`)) ?? "";
      return [Number(/cx="([\d.]+)%"/.exec(point)?.[1]), Number(/cy="([\d.]+)%"/.exec(point)?.[1])];
    };
    // the same work: the same intensity, and the faster one is higher
    const [fast, slow] = [
      place("matmul f32 [512, 512] × [512, 512]", "tile 64×64 vec4"),
      place("matmul f32 [512, 512] × [512, 512]", "dot"),
    ];
    expect(fast[0]).toBe(slow[0]);
    expect(fast[1]).toBeLessThan(slow[1]);
    const peak = Number(/class="on-roof roof-only" x="100%"[^>]*y="([\d.]+)%"/.exec(parts.hardware)?.[1]);
    for (const text of points) expect(Number(/cy="([\d.]+)%"/.exec(text)?.[1])).toBeGreaterThan(peak);
    expect(points.filter((text) => text.includes("hollow")).length).toBe(expected.filter(({ chosen }) => chosen === false).length);
    expect(decoded(parts.hardware)).toMatch(
      /<title>matmul f32 .*, tile 64×64 vec4 \(chosen\)\n17.1 ms \(GPU\)\n.* GFLOP\/s · .* MB\/s · 85.3 FLOP\/byte\n45 % of what the peak allows here<\/title>/,
    );
  });

  test("shows a wrong result with its message and without any time, and what is not available with its reason", () => {
    const wrong = rows([report]).filter((row) => row.startsWith('<tr class="wrong"'));
    expect(wrong.length).toBe(2);
    expect(wrong[0]).toContain("812 times what is allowed");
    expect(wrong[0]).toContain("<b>wrong</b>");
    expect(parse(wrong[0]).words).not.toMatch(/ms\b/);
    const timed = {
      ...report.results.find(({ check }) => !check.ok),
      gpu: report.results[0].gpu,
      wall: report.results[0].wall,
    } as BenchResult;
    const refused = rows([{ ...report, results: [timed] }]);
    expect(refused[0]).not.toContain(number(report.results[0].gpu?.median));
    expect(renderParts([{ ...report, results: [timed] }]).times).not.toContain(number(report.results[0].gpu?.median));
    expect(rows([report]).find((row) => row.startsWith('<tr class="missing"'))).toContain("n/a: it cannot train");
    expect(parts.times).toContain("n/a: it cannot train");
    expect(parts.times).toContain("<b>Wrong, not timed:</b> y[17, 3] is 0.2504");
  });

  test("draws bars of one row to one scale, with whiskers, and marks the chosen variant", () => {
    const group = /<div class="group"[^>]*data-name="max pool 2×2[\s\S]*?<\/div>/.exec(parts.times)?.[0] ?? "";
    const [chosen, other] = all(group, /<rect class="bar[^>]*width="([\d.]+)%"/g).map(Number);
    const [a, b] = report.results.filter(({ name }) => name.startsWith("max pool 2×2")).map(({ gpu }) => gpu);
    expect(chosen / other).toBeCloseTo((a?.median ?? 0) / (b?.median ?? 0), 2);
    expect(
      Number(/whisker" x1="[\d.]+%" x2="([\d.]+)%"[\s\S]*?<\/li>$/.exec(group.slice(0, group.lastIndexOf("</li>") + 5))?.[1]),
    ).toBeGreaterThan(chosen);
    expect(all(group, /<em>(.*?)<\/em>/g)).toEqual(["chosen"]);
    expect(all(group, /class="bar [^"]*(faint)"/g).length).toBe(1);
  });

  test("stacks the parts of a cold start to their sum", () => {
    const stack = all(parts.start, /<svg class="track" role="img"([\s\S]*?)<\/svg>/g)[2];
    const widths = all(stack, / width="([\d.]+)%"/g).map(Number);
    expect(widths.length).toBe(4);
    expect(widths.reduce((x, y) => x + y)).toBeCloseTo(100, 0);
    expect(widths[2] / widths[0]).toBeCloseTo(5900 / 310, 0);
    expect(parts.start).toContain("6,823 ms");
    expect(parts.start).toContain("ships 114 KiB gzipped");
    expect(parts.comparison).toBe("");
  });

  test("says how this library stands to the best of the others, and where it is behind", () => {
    const text = (part: string) => parse(part).words.replace(/\s+/g, " ");
    expect(text(parts.times)).toMatch(
      /unroll: 8\.\d\d× as fast as the best .* in the geometric mean of 3 rows, 5\.\d\d× at least \(matmul 512\)\./,
    );
    expect(text(parts.times)).not.toContain("Behind");
    expect(text(parts.start)).toMatch(/unroll: 3\.52× as fast as the best of the others on the GPU\./);
    const results = report.results.map((result) =>
      result.subject === "jax-js" && result.name === "matmul 512" ? { ...result, wall: report.results[0].gpu } : result,
    );
    expect(text(renderParts([{ ...report, results }]).times)).toContain("Behind in matmul 512 (0.95× of jax-js).");
  });

  test("sorts by keys that are numbers or nothing", () => {
    for (const row of rows([report])) {
      const keys = JSON.parse(decoded(/data-keys="([^"]*)"/.exec(row)?.[1] ?? "")) as unknown[];
      expect(keys.length).toBe(10);
      for (const key of keys.slice(2)) expect(key === null || typeof key === "number").toBe(true);
    }
  });
});

describe("several reports", () => {
  const base = sampleReport();
  test("stand side by side, each row with one ratio for each of the others", () => {
    const parts = renderParts([base, sampleReport({ seed: 2, software: false, speed: 0.5 }), sampleReport({ seed: 3 })]);
    expect(all(parts.head, /<abbr class="chip tint-\d"[^>]*>(\w)</g)).toEqual(["A", "B", "C"]);
    expect(parse(parts.head).words.trim().split("\n")[0]).toContain("A, C: software, no GPU");
    expect(all(parts.comparison, /(<tr class="(?:faster|slower|same)")/g).length).toBe(70);
    expect(parts.comparison).toMatch(/<b>0\.(5|4[89])\d?× the time<\/b>/);
    expect(new Set(all(parts.hardware, /class="point (tint-\d)/g))).toEqual(new Set(["tint-0", "tint-1", "tint-2"]));
    expect(parts.comparison).toContain("beyond 10 % of no change");
    // the same adapter twice needs its date to be told apart
    expect(parts.head).toMatch(/title="SwiftShader Device[^"]*, 25 Nov 2026/);
  });
});

describe("a comparison", () => {
  const base = sampleReport();
  const slower = {
    ...base,
    results: base.results.map((result, i): BenchResult => {
      const times = (d: BenchResult["gpu"]) => d && { ...d, median: 1.6 * d.median, samples: d.samples.map((ms) => 1.6 * ms) };
      if (i === 1) return { ...result, gpu: undefined, wall: undefined, check: { ok: false, against: "reference", message: "off by 7" } };
      return i === 0 ? { ...result, gpu: times(result.gpu), wall: times(result.wall) } : result;
    }),
  };
  test("goes by the threshold that it is given, and names what is broken with the reason", () => {
    const of = (threshold?: number) => renderParts([base, slower], { threshold }).comparison;
    expect(all(of(), /<tr class="(slower|broken)"/g)).toEqual(["broken", "slower"]);
    expect(all(of(0.9), /<tr class="(slower|broken)"/g)).toEqual(["broken"]);
    expect(of(0.9)).toContain("beyond 90 % of no change");
    expect(of()).toContain("broken: off by 7");
  });

  test("of what is no report is refused in words", () => {
    expect(() => renderReport([{} as BenchReport])).toThrow("give a list of reports");
  });
});

describe("reports that are odd", () => {
  const odd = (report: BenchReport) => {
    // A few rows are enough to compare with: each pair takes thousands of draws.
    const other = { ...sampleReport(), results: sampleReport().results.slice(0, 6) };
    for (const reports of [[report], [report, other], [other, report]]) {
      const text = renderReport(reports);
      expect(text.match(/.{40}(?:NaN|Infinity|undefined|\[object)/)?.[0]).toBeUndefined();
      expect(parse(text).words.match(/.{0,40}(?:\bnull\b|[<>])/)?.[0]).toBeUndefined();
    }
  };
  test("none, and one without results or probes", () => {
    expect(renderPage([])).toContain("No report.");
    odd({ ...sampleReport({ roofline: false }), results: [] });
    odd({ ...sampleReport(), results: [] });
    odd(sampleReport({ roofline: false, partial: true }));
  });

  test("numbers that are none, and fields that are missing", () => {
    const report = { ...sampleReport(), results: sampleReport().results.slice(0, 12) };
    const nans = JSON.parse(JSON.stringify(report), (_, value) => (typeof value === "number" ? Number.NaN : value)) as BenchReport;
    const nulls = JSON.parse(JSON.stringify(nans)) as BenchReport;
    const bare = report.results.map(({ suite, name, subject, check }) => ({
      suite,
      name,
      subject,
      check: { ok: check.ok, against: check.against },
    }));
    for (const made of [
      nans,
      nulls,
      { ...report, results: bare },
      { ...report, results: nans.results },
      { ...report, roofline: nans.roofline },
    ])
      odd(made);
    odd({ ...report, roofline: { ...(report.roofline as NonNullable<BenchReport["roofline"]>), memory: [] } });
    odd({
      ...report,
      results: [
        { ...report.results[0], flops: 0, bytes: 0 },
        { ...report.results[1], flops: Number.POSITIVE_INFINITY },
      ],
    });
  });

  test("two hundred results", () => {
    const results = Array.from({ length: 200 }, (_, i) => ({ ...sampleReport().results[i % 18], name: `row ${i}` }));
    const report = { ...sampleReport(), results };
    expect(rows([report]).length).toBe(200);
    odd(report);
  });
});

describe("numbers", () => {
  test("have three digits and a unit that fits", () => {
    expect([0, 0.01234, 0.9999, 9.996, 12.34, 99.96, 804.2, 999.6, 2085.3].map(number)).toEqual([
      "0",
      "0.0123",
      "1.00",
      "10.0",
      "12.3",
      "100",
      "804",
      "1,000",
      "2,085",
    ]);
    expect([number(undefined), milliseconds(Number.NaN), rate(null, "B/s"), percent(undefined)]).toEqual(["–", "–", "–", "–"]);
    expect([rate(34.7e9, "FLOP/s"), rate(950, "B/s"), bytes(3 * 2 ** 20), bytes(512), duration(413e3), duration(90)]).toEqual([
      "34.7 GFLOP/s",
      "950 B/s",
      "3.00 MiB",
      "512 B",
      "413 µs",
      "90.0 ns",
    ]);
    expect([percent(1.052), percent(0.044), percent(0.4), times(0.03), times(1.031), times(33.44), times(250)]).toEqual([
      "105 %",
      "4.4 %",
      "40 %",
      "0.0300×",
      "1.03×",
      "33.4×",
      "250×",
    ]);
    expect(["1.00", "10.0 G", "0.500", "100", "256 KiB", "2.50 T"].map(plain)).toEqual(["1", "10 G", "0.5", "100", "256 KiB", "2.5 T"]);
    expect([date("2026-11-25T21:44:38.000Z"), date("yesterday")]).toEqual(["25 Nov 2026, 21:44 UTC", "yesterday"]);
  });

  test("lie on their scale", () => {
    const scale = logScale([1, 100], { room: 1 });
    expect([scale.at(1), scale.at(10), scale.at(100), scale.ticks]).toEqual([0, 50, 100, [1, 10, 100]]);
    expect(logScale([0.3, 7], { room: 1 }).ticks).toEqual([0.5, 1, 2, 5]);
    expect(logScale([]).ticks).toEqual([0.5, 1, 2]);
    expect(logScale([1e-9, 1e12]).ticks.length).toBeLessThanOrEqual(8);
    expect(linearScale([41], 3)).toMatchObject({ high: 60, ticks: [0, 20, 40, 60] });
    expect(barScale([2, 8, Number.NaN]).at(2)).toBe(25);
    expect(barScale([]).at(0)).toBe(0);
  });

  test("browsers are known by their names", () => {
    const names = [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.1.2",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
      "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0",
      "Node.js/20",
      "",
    ].map(browserName);
    expect(names).toEqual([
      "Edge 156.0.1.2 on Windows NT 10.0, Win64, x64",
      "Safari 26.1 on Macintosh, Intel Mac OS X 10_15_7",
      "Firefox 149.0 on Linux x86_64, rv:149.0",
      "Node.js/20",
      "",
    ]);
  });
});
