// SPDX-License-Identifier: Apache-2.0
// The modules as blocks of stone, and the events that go between them as lights.
import {CHANNELS, MODULES} from "/story.js";

const SVG = "http://www.w3.org/2000/svg";
const OWNERS = {orders: "checkout", inventory: "warehouse", billing: "payments",
  notification: "support", analytics: "insight"};
// In hundredths of the map.
const PLACES = {orders: [50, 15], inventory: [19, 48], billing: [81, 48],
  notification: [30, 84], analytics: [70, 84]};

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function make(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
}

export class Stones {
  constructor(home) {
    this.home = home;
    this.svg = make("svg", {role: "img", "aria-label": "the modules, and who told whom"}, home);
    this.lines = make("g", {class: "lines"}, this.svg);
    this.blocks = make("g", {}, this.svg);
    this.lights = make("g", {class: "lights"}, this.svg);
    this.block = {};
    this.line = {};
    for (const channel of CHANNELS) this.line[channel.join(" ")] = make("path", {}, this.lines);
    for (const name of MODULES) {
      const g = make("g", {class: `block ${name}`, "data-module": name}, this.blocks);
      make("rect", {rx: 3}, g);
      make("text", {class: "name", "text-anchor": "middle"}, g).textContent = name;
      make("text", {class: "owner", "text-anchor": "middle"}, g).textContent = OWNERS[name];
      this.block[name] = g;
    }
    new ResizeObserver(() => this.lay()).observe(home);
    this.lay();
  }

  lay() {
    const width = this.home.clientWidth || 600, height = Math.max(270, Math.min(350, width * 0.5));
    const wide = Math.min(150, width * 0.31), high = 52;
    if (width === this.width) return;
    this.width = width;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.style.height = `${height}px`;
    this.center = {};
    for (const name of MODULES) {
      const [x, y] = [PLACES[name][0] * width / 100, PLACES[name][1] * height / 100];
      const [rect, label, owner] = this.block[name].children;
      this.center[name] = [x, y];
      this.block[name].style.transformOrigin = `${x}px ${y}px`;
      for (const [key, value] of Object.entries({x: x - wide / 2, y: y - high / 2, width: wide,
        height: high})) rect.setAttribute(key, value);
      label.setAttribute("x", x);
      label.setAttribute("y", y - 1);
      owner.setAttribute("x", x);
      owner.setAttribute("y", y + 16);
    }
    for (const channel of CHANNELS)
      this.line[channel.join(" ")].setAttribute("d", this.curve(...channel));
  }

  // From block to block, bent a little towards the middle of the map.
  curve(from, to) {
    const [x1, y1] = this.center[from], [x2, y2] = this.center[to];
    const middle = this.width / 2;
    const x = (x1 + x2) / 2 + (middle - (x1 + x2) / 2) * -0.18;
    return `M${x1} ${y1}Q${x} ${(y1 + y2) / 2} ${x2} ${y2}`;
  }

  clear() {
    this.lights.replaceChildren();
    for (const block of Object.values(this.block)) block.classList.remove("lit", "was", "bad");
    for (const line of Object.values(this.line)) line.classList.remove("was");
  }

  // Marks what a scene has left behind.
  settle(scene) {
    for (const hop of scene.hops) {
      const block = this.block[hop.to];
      if (!block) continue;
      block.classList.add("was");
      block.classList.toggle("bad", hop.bad);
      const line = this.line[`${hop.from} ${hop.to}`] || this.line[`${hop.to} ${hop.from}`];
      if (line) line.classList.add("was");
    }
  }

  // Lets the scene's lights travel; resolves when all have arrived.
  async play(scene, ms) {
    if (!calm()) await Promise.all(scene.hops.map((hop) => this.travel(hop, ms)));
    this.settle(scene);
  }

  async travel(hop, ms) {
    const target = this.block[hop.to];
    if (!target) return;
    if (hop.from && this.center[hop.from]) {
      const path = make("path", {d: this.curve(hop.from, hop.to), class: "way"}, this.lines);
      const light = make("g", {class: `light ${hop.from}`}, this.lights);
      make("circle", {r: 7}, light);
      make("text", {y: -13, "text-anchor": "middle"}, light).textContent = hop.label;
      await this.move(light, path, ms);
      light.remove();
      path.remove();
    }
    target.classList.add("lit");
    setTimeout(() => target.classList.remove("lit"), ms);
  }

  move(light, path, ms) {
    const length = path.getTotalLength(), start = performance.now();
    return new Promise((resolve) => {
      const step = (now) => {
        const part = Math.min(1, Math.max(0, (now - start) / ms));
        const eased = part < 0.5 ? 2 * part * part : 1 - 2 * (1 - part) * (1 - part);
        const {x, y} = path.getPointAtLength(length * (0.12 + 0.76 * eased));
        light.setAttribute("transform", `translate(${x} ${y})`);
        if (part < 1 && light.isConnected) requestAnimationFrame(step);
        else resolve();
      };
      requestAnimationFrame(step);
      // A page in the background gets no frames.
      setTimeout(resolve, ms + 500);
    });
  }
}
