/** Routes: which view an address shows. */

import type { ComponentChildren } from "preact";
import { BackfillPage } from "./pages/backfill";
import { CreatePage } from "./pages/create";
import { ProcessesPage } from "./pages/processes";
import { RequestPage } from "./pages/request";
import { RequestsPage } from "./pages/requests";
import { RunPage } from "./pages/run";
import { RunsPage } from "./pages/runs";
import { TimelinePage } from "./pages/timeline";
import { t } from "./texts";

export interface Route {
  title: string;
  view: () => ComponentChildren;
}

const LISTS: Record<string, Route> = {
  "": { title: t.runs.title, view: () => <RunsPage /> },
  runs: { title: t.runs.title, view: () => <RunsPage /> },
  requests: { title: t.requests.title, view: () => <RequestsPage /> },
  new: { title: t.create.title, view: () => <CreatePage /> },
  timeline: { title: t.timeline.title, view: () => <TimelinePage /> },
  processes: { title: t.processes.title, view: () => <ProcessesPage /> },
};

const OBJECTS: Record<string, (namespace: string, name: string) => ComponentChildren> = {
  runs: (namespace, name) => <RunPage key={name} namespace={namespace} name={name} />,
  requests: (namespace, name) => <RequestPage key={name} namespace={namespace} name={name} />,
  backfills: (namespace, name) => <BackfillPage key={name} namespace={namespace} name={name} />,
};

const NOWHERE: Route = { title: t.notFound, view: () => <p class="empty">{t.notFound}</p> };

export function routeOf(path: string): Route {
  const [view = "", namespace, name, ...rest] = path.split("/").slice(1).map(decoded);
  if (!namespace) return LISTS[view] ?? NOWHERE;
  const page = OBJECTS[view];
  return page && name && !rest.length ? { title: name, view: () => page(namespace, name) } : NOWHERE;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
