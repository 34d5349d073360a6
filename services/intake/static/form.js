// The report form with a script: it sends when the network is back, for as long as this page lives, and keeps nothing.
// Without a script the form sends as any form does.
(function () {
  "use strict";
  var KEEP_MS = 30 * 60 * 1000, RETRY_MS = 10 * 1000;
  var form = document.getElementById("report");
  var state = document.getElementById("state");
  var timer = 0, retry = 0, busy = false, wanted = false;

  function say(key, wrong) {
    if (!state) return;
    state.textContent = state.dataset[key];
    state.classList.toggle("wrong", Boolean(wrong));
  }

  function clearPage() {
    wanted = false;
    clearTimeout(retry);
    if (form) { form.reset(); say("cleared", true); } else { location.replace(document.body.dataset.again); }
  }

  function touched() { clearTimeout(timer); timer = setTimeout(clearPage, KEEP_MS); }

  function send() {
    if (busy || !wanted) return;
    busy = true;
    say("notSent");
    fetch(form.action, { method: "POST", body: new FormData(form), credentials: "omit", cache: "no-store" })
      .then(function (answer) {
        if (answer.status >= 500) throw new Error("later");
        return answer.text().then(function (html) { show(html); });
      })
      .catch(function () {
        busy = false;
        say("waiting", true);
        clearTimeout(retry);
        retry = setTimeout(send, RETRY_MS);
      });
  }

  function show(html) {
    busy = wanted = false;
    var page = new DOMParser().parseFromString(html, "text/html");
    document.title = page.title;
    document.getElementById("main").replaceWith(document.adoptNode(page.getElementById("main")));
    form = document.getElementById("report");
    state = document.getElementById("state");
    listen();
    window.scrollTo(0, 0);
    var first = document.getElementById("state") || document.getElementById("main");
    first.setAttribute("tabindex", "-1");
    first.focus();
  }

  function listen() {
    touched();
    if (form) {
      form.addEventListener("submit", function (event) { event.preventDefault(); wanted = true; send(); });
      form.addEventListener("input", touched);
    }
    var copy = document.getElementById("copy");
    if (copy && navigator.clipboard) {
      copy.hidden = false;
      copy.addEventListener("click", function () {
        navigator.clipboard.writeText(document.getElementById("notes").value).then(function () { copy.textContent += " ✓"; });
      });
    }
  }

  window.addEventListener("online", function () { clearTimeout(retry); send(); });
  window.addEventListener("pageshow", function (event) { if (event.persisted) clearPage(); });
  window.addEventListener("beforeunload", function (event) { if (wanted) event.preventDefault(); });
  listen();
})();
