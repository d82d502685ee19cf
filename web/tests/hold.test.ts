import { describe, expect, it } from "vitest";
import { heldRows } from "../src/hold";

const find = (key: string) => ({ a: "A", b: "B", c: "C" })[key];
const key = (row: string) => row.toLowerCase();

describe("heldRows", () => {
  it("shows what is wanted while nothing is held", () => {
    expect(heldRows(["C", "A"], null, find, key)).toEqual({ rows: ["C", "A"], waiting: 0 });
  });
  it("keeps the held rows in their order and counts the new ones", () => {
    expect(heldRows(["C", "A"], ["a", "b"], find, key)).toEqual({ rows: ["A", "B"], waiting: 1 });
  });
  it("leaves out a held row that was deleted", () => {
    expect(heldRows(["A"], ["x", "a"], find, key)).toEqual({ rows: ["A"], waiting: 0 });
  });
});
