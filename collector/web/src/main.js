import { h, render } from "preact"; render(h("h1", null, "Vigía"), document.getElementById("app"));
