// What scrolls sideways can be reached and moved with the keyboard.
const mark = () =>
  document.querySelectorAll("div.math, .cell_output .output, p:has(> img)").forEach((box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
window.addEventListener("load", mark);
window.addEventListener("resize", mark);

// The theme leaves the way home outside every landmark.
document.addEventListener("DOMContentLoaded", () => {
  const home = document.querySelector(".bd-sidebar-primary .navbar-brand")?.parentElement;
  home?.setAttribute("role", "navigation");
  home?.setAttribute("aria-label", "Home");
});
