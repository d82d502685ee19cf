import { render } from "preact";
import { takeKey } from "./client";
import { startClock } from "./clock";
import { keepFocus } from "./focus";
import { keepLive } from "./live";
import { followLinks } from "./place";
import { watchScreen } from "./screen";
import { openSession } from "./session_state";
import { Shell } from "./shell";

takeKey();
watchScreen();
startClock();
followLinks();
keepFocus();
keepLive();
void openSession();
const root = document.getElementById("app");
if (root) render(<Shell />, root);
