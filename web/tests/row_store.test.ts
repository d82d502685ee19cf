import { describe, expect, it } from "vitest";
import { RowStore } from "../src/row_store";
import { runRow } from "./run_row";

function names(store: RowStore<"processruns">): string[] {
  return store.all().map((row) => row.name);
}

const chunk = (first: boolean, last: boolean, ...found: string[]) =>
  ({ type: "snapshot", kind: "processruns", first, last, rows: found.map((name) => runRow({ name })) }) as const;

describe("RowStore", () => {
  it("is complete after the last chunk", () => {
    const store = new RowStore<"processruns">();
    store.snapshot({ ...chunk(true, false, "a") });
    expect(store.complete.value).toBe(false);
    store.snapshot({ ...chunk(false, true, "b") });
    expect(store.complete.value).toBe(true);
    expect(names(store)).toEqual(["a", "b"]);
  });
  it("drops what a new snapshot does not name, and keeps rows until its last chunk", () => {
    const store = new RowStore<"processruns">();
    store.snapshot({ ...chunk(true, true, "a", "b") });
    store.snapshot({ ...chunk(true, false, "b") });
    expect(names(store)).toEqual(["a", "b"]);
    store.snapshot({ ...chunk(false, true, "c") });
    expect(names(store)).toEqual(["b", "c"]);
  });
  it("keeps a row that a change brings between two chunks", () => {
    const store = new RowStore<"processruns">();
    store.snapshot({ ...chunk(true, false, "a") });
    store.change({ type: "change", kind: "processruns", rows: [runRow({ name: "new" })], removed: [] });
    store.snapshot({ ...chunk(false, true, "b") });
    expect(names(store)).toEqual(["a", "new", "b"]);
  });
  it("replaces and removes rows by namespace and name", () => {
    const store = new RowStore<"processruns">();
    store.snapshot({ ...chunk(true, true, "a", "b") });
    store.change({
      type: "change",
      kind: "processruns",
      rows: [runRow({ name: "a", phase: "Failed" })],
      removed: [
        { namespace: "sales", name: "b" },
        { namespace: "other", name: "a" },
      ],
    });
    expect(names(store)).toEqual(["a"]);
    expect(store.one({ namespace: "sales", name: "a" })?.phase).toBe("Failed");
  });
});
