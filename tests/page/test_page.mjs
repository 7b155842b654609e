// SPDX-License-Identifier: Apache-2.0
// The report page in headless Chromium: test_page.mjs ASHLAR-GRAPH [SCREENSHOTS]
//
// Draws three trees (three modules with a baseline, 70 modules, 300 modules with 50,000
// references) and uses the page as a person would. Any request, console message or exception
// fails the test. Ends with "N passed, N failed".
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {chromium} from 'playwright-core';

const HERE = dirname(fileURLToPath(import.meta.url));
const [ASHLAR, SHOTS] = process.argv.slice(2);
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const PATIENCE = 120000; // a busy machine, and sanitizers
const folder = mkdtempSync(join(tmpdir(), 'ashlar-page-'));
if (SHOTS) mkdirSync(SHOTS, {recursive: true});

const drawTree = (name, tree) => {
	const page = join(folder, `${name}.html`);
	writeFileSync(page, execFileSync(ASHLAR, ['graph', '--format', 'html', tree],
		{maxBuffer: 1 << 28}));
	return page;
};
const makeTree = (name, ...sizes) => {
	const tree = join(folder, name);
	execFileSync(join(HERE, 'make_tree.py'), [tree, ...sizes.map(String)]);
	return drawTree(name, tree);
};

cpSync(join(HERE, 'shop'), join(folder, 'shop'), {recursive: true});
/* Names that mean something to one of the languages that pictures are written in. */
const makeWild = () => {
	const tree = join(folder, 'wild');
	const LAYERS = ['end', 'subgraph', 'default', 'x.y/z--', '-'];
	const modules = ['end', 'click', 'style', 'a.b/c-d', '__proto__', 'constructor'];
	mkdirSync(join(tree, 'src'), {recursive: true});
	writeFileSync(join(tree, 'ashlar.yaml'), 'version: 1\nmodules: ["src/*"]\n' +
		`languages: {python: {roots: [src]}}\nlayers: ${JSON.stringify(LAYERS)}\n`);
	modules.forEach((name, number) => {
		const home = join(tree, 'src', `m${number}`);
		mkdirSync(join(home, '<'), {recursive: true});
		writeFileSync(join(home, 'module.yaml'), `module: ${name}\ndepends_on: []\n` +
			`owner: '"<i>&lt; --> %% Ä中😀 \\'\nlayer: ${JSON.stringify(LAYERS[number % LAYERS.length])}\n`);
		writeFileSync(join(home, '<', 'script><b>.py'),
			`import m${(number + 1) % modules.length}.x # </script><b>&amp;\n`);
		writeFileSync(join(home, 'x.py'), '');
	});
	return drawTree('wild', tree);
};

const PAGES = {
	shop: drawTree('shop', join(folder, 'shop')),
	middle: makeTree('middle', 70, 6, 8),
	large: makeTree('large', 300, 12, 14),
	wild: makeWild(),
};
const draw = (tree, format) => execFileSync(ASHLAR, ['graph', '--format', format, join(folder, tree)],
	{maxBuffer: 1 << 28, encoding: 'utf8'});

const browser = await chromium.launch({
	executablePath: CHROMIUM,
	args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking',
		'--disable-component-update', '--disable-sync'],
});

let passed = 0, failed = 0;
const test = async (name, page, run, options = {}) => {
	const context = await browser.newContext({viewport: {width: 1500, height: 950}, ...options});
	const tab = await context.newPage();
	const heard = [];
	tab.setDefaultTimeout(PATIENCE);
	tab.on('request', request => {
		if (!request.url().startsWith(`file://${folder}`)) heard.push(`request ${request.url()}`);
	});
	tab.on('console', message => heard.push(`console ${message.text()}`));
	tab.on('pageerror', error => heard.push(`error ${error.stack}`));
	try {
		await tab.goto(`file://${PAGES[page]}${options.hash || ''}`);
		/* A busy machine lays out late, and a click must not meet a map that still moves. */
		if (options.javaScriptEnabled !== false)
			await tab.evaluate(() => document.fonts.ready.then(() => new Promise(resolve =>
				requestAnimationFrame(() => requestAnimationFrame(resolve)))));
		await run(tab);
		assert.deepEqual(heard, []);
		passed++;
	} catch (error) {
		failed++;
		console.log(`FAILED ${name}\n${error.stack}\n${heard.join('\n')}`);
	}
	await context.close();
};
const shot = async (tab, name) => {
	if (SHOTS) await tab.screenshot({path: join(SHOTS, `${name}.png`)});
};
const text = (tab, selector) => tab.locator(selector).innerText();
/* A link changes the address, and the page follows that a moment later. */
const titled = (tab, pattern) => tab.locator('#panel h2', {hasText: pattern}).waitFor();
const node = (tab, name) => tab.locator('.canvas .node', {hasText: name}).first();

await test('shows numbers and the verdict', 'shop', async tab => {
	assert.equal(await tab.title(), 'shop: modules');
	assert.match(await text(tab, '#verdict'), /^2 errors and 1 warning; 1 known in the baseline\.$/);
	assert.match(await text(tab, '#numbers'), /modules\s+4/);
	assert.match(await text(tab, '#share'), /8 internal .*\s2 external .*\s1 unresolved \(9 %\)/s);
	await shot(tab, 'shop-map');
});

await test('draws every module and every edge', 'shop', async tab => {
	assert.equal(await tab.locator('.canvas .node').count(), 4);
	assert.equal(await tab.locator('.canvas .link').count(), 7);
	assert.equal(await tab.locator('.canvas .link.broken').count(), 1);
	assert.equal(await tab.locator('.canvas .link.known').count(), 1);
	assert.equal(await tab.locator('.canvas .link.types').count(), 1);
	assert.deepEqual(await tab.locator('.canvas .bands text').allTextContents(), ['front', 'core']);
	assert.equal(await node(tab, 'billing').locator('.badge.broken').count(), 1);
});

await test('opens the lines of an edge on a click', 'shop', async tab => {
	assert.equal(await tab.locator('#panel').isVisible(), false);
	await tab.locator('.canvas .link.broken .hit').first().dispatchEvent('click');
	const panel = await text(tab, '#panel');
	assert.match(panel, /billing → web/);
	assert.match(panel, /1 finding|2 findings/);
	assert.match(panel, /billing\/charge\.py/);
	assert.match(panel, /web\.page/);
	assert.equal(await tab.locator('#panel .finding').count() > 0, true);
	await shot(tab, 'shop-edge');
	await tab.keyboard.press('Escape');
	assert.equal(await tab.locator('#panel').isVisible(), false);
});

await test('opens a module on a click, and goes on from there', 'shop', async tab => {
	await node(tab, 'identity').click();
	await titled(tab, /^identity$/);
	assert.match(await text(tab, '#panel'), /owner platform/);
	assert.match(await tab.evaluate(() => location.hash), /^#module-identity$/);
	await tab.locator('#panel .uses button', {hasText: 'web'}).click();
	await titled(tab, /web → identity/);
	await tab.locator('#panel h2 a').first().click();
	await titled(tab, /^web$/);
});

await test('highlights neighbours', 'shop', async tab => {
	await node(tab, 'identity').hover();
	assert.equal(await tab.locator('.canvas.focused').count(), 1);
	assert.equal(await tab.locator('.canvas .node.near').count(), 4);
	await tab.mouse.move(5, 5);
	assert.equal(await tab.locator('.canvas.focused').count(), 0);
});

await test('moves and zooms the map', 'shop', async tab => {
	const sight = () => tab.locator('.canvas .map').getAttribute('viewBox');
	const before = await sight();
	await tab.click('#zoom-in');
	const zoomed = await sight();
	assert.notEqual(zoomed, before);
	await tab.locator('#canvas').hover();
	await tab.mouse.wheel(0, -200);
	assert.notEqual(await sight(), zoomed);
	const still = await sight();
	const box = await tab.locator('#canvas').boundingBox();
	await tab.mouse.move(box.x + 20, box.y + 20);
	await tab.mouse.down();
	await tab.mouse.move(box.x + 120, box.y + 80);
	await tab.mouse.up();
	assert.notEqual(await sight(), still);
	assert.equal(await tab.locator('#panel').isVisible(), false);
	await tab.click('#zoom-fit');
	assert.equal(await sight(), before);
});

await test('is usable by keyboard alone', 'shop', async tab => {
	await tab.locator('.canvas .node').first().focus();
	await tab.keyboard.press('Enter');
	await tab.locator('#panel').waitFor();
	await tab.keyboard.press('Escape');
	await tab.focus('#tab-map');
	await tab.keyboard.press('ArrowRight');
	assert.equal(await tab.locator('#matrix').isVisible(), true);
	await tab.locator('.cell[tabindex="0"]').focus();
	await tab.keyboard.press('ArrowRight');
	await tab.keyboard.press('ArrowDown');
	await tab.keyboard.press('Enter');
	await titled(tab, / → /);
});

await test('shows the matrix, with cells below the diagonal', 'shop', async tab => {
	await tab.click('#tab-matrix');
	assert.equal(await tab.locator('.cell').count(), 7);
	assert.deepEqual(await tab.locator('.sides .label').evaluateAll(labels =>
		labels.map(label => label.lastChild.data)), ['web', 'billing', 'orders', 'identity']);
	const below = await tab.locator('.cell').evaluateAll(cells =>
		cells.filter(cell => cell.link.from > cell.link.to).length);
	assert.equal(below, 2);
	await tab.locator('.cell.broken').first().click();
	await titled(tab, /billing → web/);
	await shot(tab, 'shop-matrix');
	await tab.locator('.sides .label').nth(3).click();
	await titled(tab, /^identity$/);
});

await test('lists the findings and filters them', 'shop', async tab => {
	await tab.click('#tab-findings');
	const count = () => tab.locator('#list .finding').count();
	assert.equal(await count(), 3);
	await shot(tab, 'shop-findings');
	await tab.selectOption('#filter-rule', 'layer');
	assert.equal(await count(), 1);
	assert.match(await text(tab, '#filter-count'), /^1 of 4 findings$/);
	await tab.selectOption('#filter-rule', '');
	await tab.selectOption('#filter-known', 'known');
	assert.equal(await count(), 1);
	/* Not what is laid out by now: findings are laid out when they come into view. */
	assert.match(await tab.textContent('#list'), /known in the baseline/);
	await tab.selectOption('#filter-known', '');
	assert.equal(await count(), 4);
	await tab.selectOption('#filter-severity', 'warning');
	assert.equal(await count(), 1);
	await tab.selectOption('#filter-severity', '');
	await tab.selectOption('#filter-module', 'web');
	assert.equal(await count(), 1);
	await tab.selectOption('#filter-module', '');
	await tab.fill('#filter-text', 'CHARGE.PY');
	assert.equal(await count(), 3);
	await tab.fill('#filter-text', 'no such text');
	assert.equal(await count(), 0);
});

await test('underlines the reference in the source line', 'shop', async tab => {
	await tab.click('#tab-findings');
	const marks = await tab.locator('#list mark').allInnerTexts();
	assert.ok(marks.includes('web.page'), marks.join());
	assert.match(await tab.textContent('#list'), /from web\.page import show/);
});

await test('leads to one finding, also one that the filters hide', 'shop', async tab => {
	await tab.click('#tab-findings');
	await tab.selectOption('#filter-known', 'known');
	const name = await tab.locator('#list .finding').getAttribute('id');
	assert.match(name, /^finding-[a-z0-9]+$/);
	await tab.selectOption('#filter-known', 'new');
	await tab.evaluate(hash => { location.hash = hash; }, name);
	await tab.waitForSelector(`#${name}.target`);
	assert.equal(await tab.locator(`#${name}`).isVisible(), true);
});

await test('opens what the address asks for', 'shop', async tab => {
	await titled(tab, /web → orders/);
}, {hash: '#uses-web~orders'});

await test('switches between light and dark', 'shop', async tab => {
	const paper = () => tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const automatic = await paper();
	assert.equal(automatic, 'rgb(250, 249, 246)');
	await tab.click('#theme');
	assert.equal(await paper(), automatic);
	await tab.click('#theme');
	assert.equal(await paper(), 'rgb(23, 24, 26)');
	await tab.reload();
	assert.equal(await paper(), 'rgb(23, 24, 26)');
});

await test('is dark where the system is', 'shop', async tab => {
	assert.equal(await tab.evaluate(() => getComputedStyle(document.body).backgroundColor),
		'rgb(23, 24, 26)');
	await shot(tab, 'shop-dark');
}, {colorScheme: 'dark'});

await test('shows the map without JavaScript', 'shop', async tab => {
	assert.equal(await tab.locator('.canvas .node').count(), 4);
	assert.match(await text(tab, '.notice'), /ashlar check/);
	assert.equal(await tab.locator('.tabs').isVisible(), false);
}, {javaScriptEnabled: false});

await test('fits a narrow screen', 'shop', async tab => {
	const wide = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	assert.ok(wide <= 0, `${wide} pixels too wide`);
	await shot(tab, 'shop-narrow');
}, {viewport: {width: 390, height: 844}});

await test('prints all views', 'shop', async tab => {
	await tab.emulateMedia({media: 'print'});
	const pdf = await tab.pdf();
	assert.ok(pdf.length > 10000);
	assert.equal(await tab.locator('#findings').isVisible(), true);
	assert.equal(await tab.locator('#matrix').isVisible(), true);
});

await test('names everything that can be used', 'shop', async tab => {
	await tab.click('#tab-matrix');
	const nameless = await tab.evaluate(() => [...document.querySelectorAll(
		'button, input, select, [role="button"], [role="tab"], a[href]')].filter(control =>
		!(control.getAttribute('aria-label') || control.textContent.trim() ||
			control.labels?.length)).map(control => control.outerHTML));
	assert.deepEqual(nameless, []);
});

await test('draws a dense map by its skeleton, and whole on request', 'middle', async tab => {
	const visible = () => tab.locator('.canvas .link').evaluateAll(links =>
		links.filter(link => getComputedStyle(link).display !== 'none').length);
	const all = await tab.locator('.canvas .link').count();
	const first = await visible();
	assert.ok(first < all / 2, `${first} of ${all}`);
	await shot(tab, 'middle-map');
	await tab.check('#minor');
	assert.equal(await visible(), all);
	await tab.uncheck('#minor');
	await tab.fill('#find', 'billing_2');
	await tab.keyboard.press('Enter');
	await titled(tab, /^billing_2$/);
	await shot(tab, 'middle-module');
});

// Bounds are wide, for a busy machine: what they are to catch grows with the square of the tree.
await test('stays quick with 300 modules and 6,000 findings', 'large', async tab => {
	const loaded = await tab.evaluate(() =>
		performance.getEntriesByType('navigation')[0].domComplete);
	assert.ok(loaded < 30000, `${loaded} ms until it was drawn`);
	assert.equal(await tab.locator('.canvas .node').count(), 300);
	await shot(tab, 'large-map');
	const timed = async (id, run) => {
		const start = Date.now();
		await run();
		assert.ok(Date.now() - start < 30000, `${id}: ${Date.now() - start} ms`);
	};
	await timed('matrix', () => tab.click('#tab-matrix'));
	await shot(tab, 'large-matrix');
	await timed('findings', () => tab.click('#tab-findings'));
	assert.equal(await tab.locator('#list .finding').count() >= 100, true);
	await timed('filter', () => tab.fill('#filter-text', 'billing_3'));
	assert.match(await text(tab, '#filter-count'), /of 6,\d\d\d findings/);
});

await test('tells how many lines of an edge it does not hold', 'large', async tab => {
	const hidden = await tab.evaluate(() => {
		const data = JSON.parse(document.getElementById('data').textContent);
		return data.links.findIndex(link => link[2] > link[9].length / 4);
	});
	assert.ok(hidden >= 0);
	await tab.evaluate(number => document.querySelector(`[data-link="${number}"] .hit`)
		.dispatchEvent(new MouseEvent('click', {bubbles: true})), hidden);
	assert.match(await text(tab, '#panel .more-note'), /^and \d+ more that this page does not hold$/);
});

await test('shows names of all kinds as they are', 'wild', async tab => {
	assert.deepEqual((await tab.locator('.canvas .bands text').allTextContents()).slice(0, 2),
		['end', 'subgraph']);
	await tab.locator('.canvas .node').first().focus();
	await tab.keyboard.press('Enter');
	assert.match(await text(tab, '#panel'), /owner "<i>&lt; --> %% Ä中😀 \\/);
	await tab.click('#tab-findings');
	assert.match(await tab.textContent('#list'), /src\/m0\/<\/script><b>\.py/);
	assert.match(await tab.textContent('#list'), /# <\/script><b>&amp;/);
	assert.equal(await tab.locator('#list b').count(), 0);
	await shot(tab, 'wild-findings');
});

for (const tree of ['shop', 'wild', 'middle', 'large']) {
	await test(`writes what Mermaid understands: ${tree}`, tree, async tab => {
		await tab.goto('about:blank');
		await tab.addScriptTag({path: join(HERE, 'node_modules/mermaid/dist/mermaid.min.js')});
		const shown = await tab.evaluate(async source => {
			mermaid.initialize({startOnLoad: false});
			const kind = await mermaid.parse(source);
			if (source.length > 5000) return kind.diagramType;
			const {svg} = await mermaid.render('picture', source);
			return new DOMParser().parseFromString(svg, 'text/html').body.textContent;
		}, draw(tree, 'mermaid'));
		if (tree === 'wild')
			for (const name of ['end', 'click', 'a.b/c-d', '__proto__', 'subgraph', 'x.y/z--'])
				assert.ok(shown.includes(name), `${name} is not in ${shown}`);
	});

	await test(`writes what Graphviz understands, and sound SVG: ${tree}`, tree, async tab => {
		if (tree !== 'large')
			execFileSync('dot', ['-Tsvg'], {input: draw(tree, 'dot'), maxBuffer: 1 << 28});
		const error = await tab.evaluate(source => new DOMParser()
			.parseFromString(source, 'image/svg+xml').querySelector('parsererror')?.textContent,
		draw(tree, 'svg'));
		assert.equal(error, undefined);
	});
}

await browser.close();
rmSync(folder, {recursive: true});
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
