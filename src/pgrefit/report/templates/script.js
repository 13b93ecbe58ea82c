"use strict";
(() => {
  const tools = document.getElementById("finding-tools");
  if (tools) {
    const findings = [...document.querySelectorAll("details.finding")];
    const filter = document.getElementById("finding-filter");
    const open = document.getElementById("finding-open");
    const count = document.getElementById("finding-count");
    tools.hidden = false;
    filter.addEventListener("input", () => {
      const word = filter.value.trim().toLowerCase();
      for (const finding of findings) {
        const rule = finding.closest(".rule").querySelector("h3").textContent;
        finding.hidden = !(rule + finding.textContent).toLowerCase().includes(word);
      }
      for (const rule of document.querySelectorAll(".rule")) {
        rule.hidden = !rule.querySelector("details.finding:not([hidden])");
      }
      for (const others of document.querySelectorAll("details.others")) others.open = Boolean(word);
      const shown = findings.filter((finding) => !finding.hidden).length;
      count.textContent = word ? `${shown} of ${findings.length}` : "";
    });
    open.addEventListener("click", () => {
      const opening = open.textContent === "Open all";
      for (const part of document.querySelectorAll("details.finding, details.others")) part.open = opening;
      open.textContent = opening ? "Close all" : "Open all";
    });
  }
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });
})();
