/** Shell of the page: header, navigation, the view of the address, and the dialog of an action. */

import { useEffect } from "preact/hooks";
import { ActionDialog } from "./action_dialog";
import { FailureText } from "./failure_text";
import { LiveState } from "./live_state";
import { href, namespace, parameter, place, setQuery } from "./place";
import { routeOf } from "./routes";
import { namespaces, openSession, session, sessionFailure, signInNeeded, signOut } from "./session_state";
import { visible } from "./shown_text";
import { SignInPage } from "./sign_in";
import { t } from "./texts";
import { MINE } from "./time";
import { zoneChoice } from "./time_text";

const VIEWS = [
  ["/runs", t.nav.runs],
  ["/requests", t.nav.requests],
  ["/timeline", t.nav.timeline],
  ["/processes", t.nav.processes],
] as const;

export function Shell() {
  const { path } = place.value;
  const { title, view } = routeOf(path);
  useEffect(() => {
    document.title = title === t.product ? title : `${title} · ${t.product}`;
  }, [title]);
  if (signInNeeded.value) return <SignInPage />;
  return (
    <>
      <a class="skip" href="#content">
        {t.skip}
      </a>
      <header class="top">
        <nav aria-label={t.nav.label}>
          {VIEWS.map(([address, label]) => (
            <a
              key={address}
              href={href(address)}
              aria-current={path.startsWith(address) || (address === "/runs" && path === "/") ? "page" : undefined}
            >
              {label}
            </a>
          ))}
        </nav>
        <Scope />
      </header>
      <main id="content" tabIndex={-1}>
        {sessionFailure.value ? (
          <FailureText error={sessionFailure.value} onRetry={() => void openSession()} />
        ) : session.value ? (
          view()
        ) : (
          <p class="empty">{t.loading}</p>
        )}
      </main>
      <ActionDialog />
    </>
  );
}

/** Namespace, zone, person and connection, which are the same for every view. */
function Scope() {
  const person = session.value;
  return (
    <div class="scope">
      <LiveState />
      <NamespaceChoice />
      <label class="inline">
        <span>{t.header.zone}</span>
        <select
          value={zoneChoice()}
          onChange={(event) =>
            setQuery({ tz: event.currentTarget.value === "mine" ? null : event.currentTarget.value })
          }
        >
          <option value="mine">
            {t.header.zones.mine} ({MINE})
          </option>
          <option value="schedule">{t.header.zones.schedule}</option>
          <option value="utc">{t.header.zones.utc}</option>
        </select>
      </label>
      {person && (
        <span
          class="person"
          title={person.context ? t.header.context(person.context, person.cluster) : person.groups.join(", ")}
        >
          {visible(person.user)}
          {person.context && <span class="faint"> {visible(person.context)}</span>}
        </span>
      )}
      {person?.canSignOut && (
        <button type="button" class="button small" onClick={() => void signOut()}>
          {t.header.signOut}
        </button>
      )}
    </div>
  );
}

function NamespaceChoice() {
  const { names, all } = namespaces.value;
  const value = namespace.value ?? "";
  const change = (name: string) => {
    const query = new URLSearchParams(place.value.query);
    query.set("ns", name);
    query.delete("sel");
    const { path } = place.value;
    // An object of the old namespace is no view of the new one.
    const target = `/${path.split("/")[1] || "runs"}`;
    history.pushState(null, "", `${target}?${query}`);
    place.value = { path: target, query };
  };
  if (!names) {
    return (
      <form
        class="inline"
        onSubmit={(event) => {
          event.preventDefault();
          change(String(new FormData(event.currentTarget).get("ns") ?? "").trim());
        }}
      >
        <label class="inline">
          <span>{t.header.namespace}</span>
          <input
            name="ns"
            type="text"
            value={value}
            size={14}
            placeholder={all ? t.header.all : ""}
            key={parameter("ns")}
          />
        </label>
      </form>
    );
  }
  const known = value && !names.includes(value) ? [value, ...names] : names;
  return (
    <label class="inline">
      <span>{t.header.namespace}</span>
      <select value={value} onChange={(event) => change(event.currentTarget.value)}>
        {(all || value === "") && <option value="">{t.header.all}</option>}
        {known.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
