// SPDX-License-Identifier: Apache-2.0
// The shop's page in headless Chromium: test_page.mjs SHOP [SCREENSHOTS]
//
// Places orders as a person would and looks at what the page makes of them. A request to anything
// but the shop, a console message or an exception fails the test. Ends with "N passed, N failed".
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const {chromium} = createRequire(join(HERE, '../page/package.json'))('playwright-core');
const [SHOP, SHOTS] = process.argv.slice(2);
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const PATIENCE = 120000; // a busy machine, and sanitizers
const folder = mkdtempSync(join(tmpdir(), 'ashlar-shop-page-'));
if (SHOTS) mkdirSync(SHOTS, {recursive: true});

const running = [];
const start = (name, ...options) => new Promise((resolve, reject) => {
	const listen = options.includes('--process') ? [] : ['--listen', '127.0.0.1:0'];
	const shop = spawn(SHOP, ['run', '--data', join(folder, name), ...listen, ...options], {stdio: ['ignore', 'pipe', 'inherit']});
	running.push(shop);
	shop.stdout.once('data', line => resolve(String(line).match(/http:\S+/)[0]));
	shop.once('exit', code => reject(new Error(`the shop ended with ${code}`)));
});
/* The shop as an example's deployment file places it, on free ports; the address of its front. */
/* Below those that the system gives to connections, as it is used only later. */
const freePort = () => new Promise(resolve => {
	const port = 10000 + Math.floor(Math.random() * 22000);
	const server = createServer();
	server.once('error', () => resolve(freePort()));
	server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
});
const place = async name => {
	const file = join(folder, `${name}.yaml`);
	let text = readFileSync(join(HERE, `../../examples/shop/deploy/${name}.yaml`), 'utf8');
	for (const port of new Set(text.match(/(?<=127\.0\.0\.1:)\d+/g)))
		text = text.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${await freePort()}`);
	writeFileSync(file, text);
	const [front] = await Promise.all([...text.matchAll(/^  (\w+):$/gm)].map(([, process]) =>
		start(name, '--deploy', file, '--process', process, '--inspect', 'true')));
	return front;
};
const end = shop => new Promise(resolve => {
	if (shop.exitCode !== null) return resolve(shop.exitCode);
	shop.once('exit', resolve);
	shop.kill('SIGTERM');
});

const browser = await chromium.launch({
	executablePath: CHROMIUM,
	args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking',
		'--disable-component-update', '--disable-sync'],
});

let passed = 0, failed = 0;
const test = async (name, address, run, options = {}) => {
	const context = await browser.newContext({viewport: {width: 1320, height: 980},
		reducedMotion: 'reduce', ...options});
	const tab = await context.newPage();
	const heard = [];
	tab.setDefaultTimeout(PATIENCE);
	tab.on('request', request => {
		if (!request.url().startsWith(address) && !request.url().startsWith('data:'))
			heard.push(`request ${request.url()}`);
	});
	tab.on('console', message => {
		if (!options.expects?.test(message.location().url))
			heard.push(`console ${message.text()} ${message.location().url}`);
	});
	tab.on('pageerror', error => heard.push(`error ${error.stack}`));
	try {
		await tab.goto(address);
		await tab.locator('#products input').first().waitFor({state: 'attached'});
		await run(tab);
		assert.deepEqual(heard, []);
		passed++;
	} catch (error) {
		failed++;
		console.log(`FAILED ${name}\n${error.stack}\n${heard.join('\n')}`);
		await shot(tab, `failed-${failed}`);
	}
	await context.close();
};
/* What moves takes seconds. */
const MOVING = {reducedMotion: 'no-preference'};
const shot = async (tab, name) => {
	if (SHOTS) await tab.screenshot({path: join(SHOTS, `${name}.png`), fullPage: true});
};

/* What comes and goes is seen by the page itself, however late this looks: `seen` after `watch`. */
const watch = (tab, selector) => tab.evaluate(wanted => {
	window.seen = false;
	new MutationObserver((_, observer) => {
		window.seen = document.querySelector(wanted) !== null;
		if (window.seen) observer.disconnect();
	}).observe(document.body, {subtree: true, childList: true, attributes: true});
}, selector);
const seen = tab => tab.waitForFunction(() => window.seen);

/* Waits until the order has come to its end; its steps as "name state". */
let orders = 0;
const ended = async (tab, state, order = ++orders) => {
	await tab.locator('#title', {hasText: `Order ${order} ${state}`}).waitFor();
	await tab.locator('#replay').waitFor();
	await tab.waitForFunction(() => !document.querySelector('#steps .waiting'));
	return tab.locator('#steps li').evaluateAll(steps => steps.map(step =>
		`${step.querySelector('b').textContent} ${step.className.split(' ')[1]}`));
};
const spans = tab => tab.locator('#spans li:not(.hidden)').evaluateAll(rows => rows.map(row =>
	`${row.className.split(' ').slice(1, 3).reverse().join(' ')} ` +
		row.querySelector('b').textContent));
/* What a module has written is read up to 300 ms after the steps are drawn, spans likewise. */
const says = (tab, text) => tab.locator('#now', {hasText: text}).waitFor();
const shows = async (tab, ...expected) => {
	const until = Date.now() + PATIENCE;
	for (let seen; ; await tab.waitForTimeout(100)) {
		seen = await spans(tab);
		const missing = expected.filter(span => !seen.includes(span));
		if (missing.length === 0) return;
		assert.ok(Date.now() < until, `${missing.join(', ')} not in\n${seen.join('\n')}`);
	}
};
const overflow = tab => tab.evaluate(() =>
	document.documentElement.scrollWidth - document.documentElement.clientWidth);

const address = await start('shop', '--inspect', 'true');

await test('shows what there is before anything is ordered', address, async tab => {
	assert.deepEqual(await tab.locator('#products b').allTextContents(),
		['A mug', 'Green tea, 100 g', 'The last teapots']);
	assert.equal(await tab.locator('.block').count(), 5);
	assert.equal(await tab.locator('#steps .waiting').count(), 6);
	assert.equal(await tab.locator('#trace').isVisible(), false);
	await shot(tab, 'empty');
});

await test('an order is placed, and its events and trace are seen', address, async tab => {
	await tab.locator('#products label', {hasText: 'tea, 100'}).click();
	await tab.fill('[name=quantity]', '2');
	await watch(tab, '.light');
	await tab.click('button.main');
	await seen(tab);
	await shot(tab, 'under-way');
	assert.deepEqual(await ended(tab, 'confirmed'), ['Placed done', 'Reserved done',
		'Charged done', 'Confirmed done', 'Notified done', 'Counted done']);
	await says(tab, /^Thank you, Ada: your order 1 is on its way\.$/);
	await shows(tab, 'server orders Place', 'internal inventory Price',
		'consumer inventory OrderPlaced', 'consumer billing Reserved', 'consumer orders Paid',
		'consumer notification OrderConfirmed', 'consumer analytics OrderConfirmed',
		'producer orders OrderPlaced', 'producer billing Paid',
		'sql orders insert into orders.placed');
	assert.equal(await tab.locator('.block.was').count(), 5);
	assert.equal(await tab.locator('#spans .hidden').count(), 0);
	await shot(tab, 'confirmed');
	await tab.uncheck('#statements');
	assert.equal(await tab.locator('#spans .sql').first().isVisible(), false);
	await tab.locator('#orders .watched .state', {hasText: 'confirmed'}).waitFor();
}, MOVING);

await test('a declined card cancels, and the goods go back', address, async tab => {
	await tab.click('[data-try=declined]');
	assert.deepEqual(await ended(tab, 'cancelled'), ['Placed done', 'Reserved done',
		'Declined bad', 'Cancelled bad', 'Notified done', 'Counted done']);
	await says(tab, /cancelled: the card was declined/);
	await shows(tab, 'consumer inventory OrderCancelled');
	await shot(tab, 'declined');
});

await test('more than there is is out of stock, and nothing is charged', address, async tab => {
	await tab.locator('#products label', {hasText: 'teapots'}).click();
	await tab.fill('[name=quantity]', '4');
	await tab.locator('.cards label').last().click();
	await tab.click('button.main');
	assert.deepEqual(await ended(tab, 'cancelled'), ['Placed done', 'Out of stock bad',
		'Not charged skipped', 'Cancelled bad', 'Notified done', 'Counted done']);
	await says(tab, /out of stock/);
	await tab.locator('#cancelled', {hasText: /^2$/}).waitFor();
	assert.equal(await tab.textContent('#confirmed'), '1');
	assert.equal(await tab.textContent('#earned'), '15.80');
	await shot(tab, 'out-of-stock');
});

await test('an order of before is looked at, and replayed', address, async tab => {
	await tab.locator('#orders li[data-order="1"] button').click();
	await tab.locator('#title', {hasText: 'Order 1 confirmed'}).waitFor();
	assert.equal(await tab.locator('#spans .hidden').count(), 0);
	await watch(tab, '#spans .hidden');
	await tab.click('#replay');
	await seen(tab);
	assert.equal((await ended(tab, 'confirmed', 1)).length, 6);
	assert.equal(await tab.locator('#spans .hidden').count(), 0);
}, MOVING);

await test('what the shop refuses is said', address, async tab => {
	await tab.fill('[name=customer]', ' ');
	await tab.route('**/orders', route => route.request().method() === 'POST'
		? route.continue({postData: '{"sku":"tea","quantity":1}'}) : route.continue());
	await tab.click('button.main');
	await tab.locator('#problem', {hasText: 'who orders?'}).waitFor();
	await tab.waitForResponse(/\/counts$/); /* the page goes on, and the sentence stays */
	await tab.waitForTimeout(400);
	assert.match(await tab.textContent('#problem'), /who orders\?/);
	await tab.unroute('**/orders');
	await tab.fill('[name=customer]', 'Ada');
	await tab.click('button.main');
	await tab.locator('#problem', {hasText: /^$/}).waitFor({state: 'attached'});
	await ended(tab, 'confirmed');
}, {expects: /\/orders$/});

for (const [name, options] of [
	['phone', {viewport: {width: 360, height: 740}, deviceScaleFactor: 2, hasTouch: true}],
	['dark', {colorScheme: 'dark'}],
	['dark-phone', {viewport: {width: 360, height: 740}, colorScheme: 'dark'}],
	['moving', MOVING],
])
	await test(`works: ${name}`, address, async tab => {
		await tab.click('button.main');
		await ended(tab, 'confirmed');
		assert.ok(await overflow(tab) <= 0, `${await overflow(tab)} pixels too wide`);
		await shot(tab, name);
		await tab.click('[data-try=declined]');
		await ended(tab, 'cancelled');
		await shot(tab, `${name}-declined`);
	}, options);

await test('all that can be used has a name, and is reached by keys', address, async tab => {
	const nameless = await tab.evaluate(() => [...document.querySelectorAll('button, input')]
		.filter(control => !(control.textContent.trim() || control.labels?.length))
		.map(control => control.outerHTML));
	assert.deepEqual(nameless, []);
	await tab.locator('#products input').first().focus();
	await tab.keyboard.press('Enter');
	await ended(tab, 'confirmed');
});

const closed = await start('closed');
await test('without traces the steps are told by the modules', closed, async tab => {
	await tab.click('button.main');
	await tab.locator('#title .state.confirmed').waitFor();
	await tab.locator('#steps li.done:nth-child(6)').waitFor();
	assert.equal(await tab.locator('#steps li.done').count(), 6);
	assert.match(await tab.textContent('#trace-note'), /--inspect true/);
}, {expects: /\/ashlar\//});

for (const name of ['three', 'five'])
	await test(`works in ${name} processes, and sees into all of them`, await place(name),
		async tab => {
			await tab.locator('#products label', {hasText: 'tea, 100'}).click();
			await tab.click('button.main');
			assert.deepEqual(await ended(tab, 'confirmed', 1), ['Placed done',
				'Reserved done', 'Charged done', 'Confirmed done', 'Notified done',
				'Counted done']);
			await shows(tab, 'server orders Place', 'server inventory Price',
				'consumer inventory OrderPlaced', 'consumer billing Reserved',
				'consumer orders Paid', 'consumer notification OrderConfirmed',
				'consumer analytics OrderConfirmed');
			await shot(tab, name);
			await tab.click('[data-try=declined]');
			await ended(tab, 'cancelled', 2);
			await says(tab, /cancelled: the card was declined/);
		});

await browser.close();
for (const shop of running)
	if (await end(shop) === 0) passed++;
	else failed++, console.log('FAILED a shop did not end well');
rmSync(folder, {recursive: true});
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
