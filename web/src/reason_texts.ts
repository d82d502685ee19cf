/** Reasons of runs and requests in words. Reasons of Kubernetes are shown as they are, with spaces. */

import { visible } from "./shown_text";

const WORDS: Record<string, string> = {
  Canceled: "it was canceled",
  Replaced: "replaced by a newer run",
  Unscheduled: "its request was unscheduled",
  JobDeleted: "its Job was deleted",
  DeadlinePassed: "could not start in time",
  Superseded: "a later time of the schedule was due as well",
  Edited: "the schedule was changed",
  Rescheduled: "the request was rescheduled",
  TooMany: "too many times were due at once",
  Suspended: "the request is suspended",
  Overlap: "the last run was still open",
  ExitCode: "the program ended with an error",
  OOMKilled: "it needed more memory than it may use",
  DeadlineExceeded: "it ran longer than it may",
  BackoffLimitExceeded: "every attempt failed",
  ImagePullBackOff: "its image cannot be read",
  ErrImagePull: "its image cannot be read",
  StartTimeout: "it did not start in time",
  PodDeleted: "its pod was deleted",
  PodLost: "its pod was lost with its node",
  StepFailed: "a step failed",
  ProcessNotFound: "the process does not exist",
  ParameterMissing: "a parameter has no value",
  ParameterUnknown: "the process has no such parameter",
  ParameterInvalid: "a parameter has a wrong value",
  RequestNotFound: "the request does not exist",
  QuotaExceeded: "the quota of the namespace is used up",
  InvalidSchedule: "the schedule cannot be read",
  InvalidTimeZone: "the time zone does not exist",
  NeverFires: "the schedule has no time at all",
  Waiting: "waits for another run to end",
  Retrying: "it is tried again",
};

/** Such as `the last run was still open` for Overlap, and `Backoff limit` for an unknown BackoffLimit. */
export function reasonWords(reason: string): string {
  const known = Object.hasOwn(WORDS, reason) ? WORDS[reason] : undefined;
  return (
    known ??
    visible(reason).replace(
      /([a-z])([A-Z])/g,
      (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
    )
  );
}
