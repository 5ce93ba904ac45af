// Gives what is wrong with the page as it stands, for those who cannot see it well, or not at all, and for small windows.
// The limits are those of WCAG 2.2, level AA.
(() => {
  const wrong = [];
  const visible = (one) => one.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const named = (one) => `${one.localName}${one.id ? `#${one.id}` : ""}${one.className ? `.${one.className}` : ""} ${JSON.stringify(one.textContent.trim().slice(0, 40))}`;
  const name = (one) => one.ariaLabel || [...(one.labels ?? [])].map((label) => label.innerText).join(" ") || (one.matches("input, select, textarea") ? "" : one.innerText);

  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${innerWidth}`);
  for (const one of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {
    if (visible(one) && !name(one)?.trim()) wrong.push(`without a name: ${named(one)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids.filter((each, i) => ids.indexOf(each) !== i))) wrong.push(`two elements have the id ${id}`);

  const headings = [...document.querySelectorAll("h1, h2, h3, h4")].filter(visible).map((one) => Number(one.localName[1]));
  if (headings.filter((level) => level === 1).length !== 1) wrong.push(`${headings.filter((level) => level === 1).length} headings of level 1`);
  headings.forEach((level, i) => { if (level > (headings[i - 1] ?? 0) + 1 && !(i === 0 && level === 1)) wrong.push(`heading ${i + 1} is of level ${level} after ${headings[i - 1]}`); });
  for (const mark of ["header", "main", "nav"]) if (!document.querySelector(mark)) wrong.push(`no ${mark}`);

  // Chromium gives colours as rgb(), or as color(srgb …) where they were mixed.
  const colour = (text) => {
    const numbers = text.match(/[\d.]+/g).map(Number);
    const scale = text.startsWith("color(") ? 255 : 1;
    return {rgb: numbers.slice(0, 3).map((each) => each * scale), alpha: numbers[3] ?? 1};
  };
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const {rgb, alpha} = colour(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return rgb;
      if (alpha > 0) return undefined;
    }
    return undefined;
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((each) => each / 255).map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [dark, bright] = [light(a), light(b)].sort((x, y) => x - y);
    return (bright + 0.05) / (dark + 0.05);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const one = node.parentElement;
    if (!node.data.trim() || !visible(one) || one.closest(".unseen, .skip, noscript, option")) continue;
    const {rgb, alpha} = colour(getComputedStyle(one).color);
    const behind = ground(one);
    if (alpha === 0) continue;
    if (!behind) wrong.push(`no ground: ${named(one)}`);
    else if (contrast(rgb, behind) < 4.5) wrong.push(`contrast ${contrast(rgb, behind).toFixed(2)}: ${named(one)}`);
  }
  for (const one of document.querySelectorAll("button, a[href], input, select, summary")) {
    const box = one.getBoundingClientRect();
    if (visible(one) && !one.closest(".unseen, .skip, p, dd, dt, li, h2, h4, td") && box.height < 24) wrong.push(`${box.height} high: ${named(one)}`);
  }
  return wrong.join("\n");
})()
