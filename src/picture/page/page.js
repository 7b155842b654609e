'use strict';
/* The report page. Reads the data that data.c writes (its form is described there) and brings
 * the map that map.c drew to life. Asks nothing of the network. */
(() => {
	const data = JSON.parse(document.getElementById('data').textContent);
	const texts = data.texts;
	const root = document.documentElement;
	root.classList.add('js');

	/* ---- small helpers ---- */

	const $ = id => document.getElementById(id);
	const SVG = 'http://www.w3.org/2000/svg';
	const fill = (node, attributes, children) => {
		for (const [name, value] of Object.entries(attributes || {})) {
			if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
			else if (value === true) node.setAttribute(name, '');
			else if (value !== false && value != null) node.setAttribute(name, value);
		}
		node.append(...children.flat(Infinity).filter(child => child != null && child !== false));
		return node;
	};
	const el = (tag, attributes, ...children) =>
		fill(document.createElement(tag), attributes, children);
	const draw = (tag, attributes, ...children) =>
		fill(document.createElementNS(SVG, tag), attributes, children);
	const amount = number => number.toLocaleString('en');
	const plural = (number, noun) => `${amount(number)} ${noun}${number === 1 ? '' : 's'}`;
	const byName = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

	/* ---- the data, with names ---- */

	const modules = data.modules.map((row, place) => ({
		place, name: row[0], owner: row[1], layer: row[2], files: row[3], lines: row[4],
		group: row[5], shown: row[6], path: row[7],
		fresh: row[8] + row[9], known: row[10], out: [], in: [],
	}));
	const links = data.links.map((row, number) => ({
		number, from: row[0], to: row[1], uses: row[2], types: row[3], cycle: row[4], back: row[5],
		fresh: row[6] + row[7], known: row[8], lines: row[9],
	}));
	for (const link of links) {
		modules[link.from].out.push(link);
		modules[link.to].in.push(link);
	}
	const placeOf = new Map(modules.map(module => [module.name, module.place]));
	const groups = new Map();
	for (const module of modules) {
		if (module.group < 0) continue;
		if (!groups.has(module.group)) groups.set(module.group, []);
		groups.get(module.group).push(module);
	}

	/* A name for a finding that stays the same when lines move (cyrb53 of what it is about). */
	const taken = new Map();
	const nameOf = parts => {
		const text = parts.join('\0');
		let a = 0xdeadbeef, b = 0x41c6ce57;
		for (let i = 0; i < text.length; i++) {
			const code = text.charCodeAt(i);
			a = Math.imul(a ^ code, 2654435761);
			b = Math.imul(b ^ code, 1597334677);
		}
		a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
		b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
		const name = (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
		const times = taken.get(name) || 0;
		taken.set(name, times + 1);
		return times ? `${name}-${times + 1}` : name;
	};
	const findings = data.findings.map(row => {
		const finding = {
			rule: texts[row[0]], error: row[1], module: row[2], to: texts[row[3]],
			file: texts[row[4]], line: row[5], column: row[6], width: row[7],
			reference: texts[row[8]], message: texts[row[9]], why: texts[row[10]],
			help: texts[row[11]], known: row[12], steps: row[13], code: row[14],
		};
		finding.owner = finding.module < 0 ? '' : modules[finding.module].name;
		finding.name = 'finding-' + nameOf([finding.rule, finding.owner, finding.to,
			finding.file, finding.reference]);
		finding.search = [finding.file, finding.reference, finding.message, finding.owner,
			finding.to, finding.rule].join('\n').toLowerCase();
		return finding;
	});
	findings.sort((a, b) => byName(a.owner, b.owner) || byName(a.file, b.file) ||
		a.line - b.line || a.column - b.column);
	const findingsOf = (from, to) => findings.filter(finding =>
		finding.module === from && (to === undefined || placeOf.get(finding.to) === to));

	/* ---- the top of the page ---- */

	const errors = findings.filter(finding => !finding.known && finding.error).length;
	const warnings = findings.filter(finding => !finding.known && !finding.error).length;
	const known = findings.filter(finding => finding.known).length;

	const writeVerdict = () => {
		const out = $('verdict');
		const parts = [];
		if (data.proposed) {
			out.append('There are no contracts yet. These are the modules that ',
				el('code', {}, 'ashlar init'), ' would propose.');
			return;
		}
		if (errors) parts.push(el('strong', {class: 'broken'}, plural(errors, 'error')));
		if (warnings) parts.push(el('strong', {}, plural(warnings, 'warning')));
		if (!parts.length) parts.push(el('strong', {}, known ? 'No new findings' : 'No findings'));
		out.append(...parts.flatMap((part, i) => (i ? [' and ', part] : [part])));
		out.append(known ? `; ${amount(known)} known in the baseline.` : '.');
		if (data.findingsLeftOut)
			out.append(` ${plural(data.findingsLeftOut, 'finding')} more are not on this page.`);
	};

	const writeNumbers = () => {
		const rows = [['files', data.files], ['lines', data.lines],
			[modules.length === 1 ? 'module' : 'modules', modules.length],
			['references', data.references]];
		if (groups.size) rows.push([groups.size === 1 ? 'cycle' : 'cycles', groups.size]);
		if (!data.proposed) {
			rows.push(['findings', errors + warnings + data.findingsLeftOut]);
			rows.push(['in the baseline', known]);
		}
		$('numbers').append(...rows.map(([name, value]) =>
			el('div', {}, el('dt', {}, name), el('dd', {}, amount(value)))));
	};

	const writeShare = () => {
		const out = $('share');
		if (data.references) {
			const parts = ['internal', 'external', 'unresolved'].map(name => [name, data[name]]);
			const percent = value => {
				const share = 100 * value / data.references;
				return value === 0 ? '0' : share < 1 ? 'under 1' : share.toFixed(0);
			};
			out.append(
				el('div', {class: 'bar', 'aria-hidden': 'true'}, parts.filter(part => part[1])
					.map(([name, value]) => el('span', {class: name, style: `flex:${value}`}))),
				...parts.map(([name, value]) => el('span', {class: 'what'},
					el('i', {class: name}), `${amount(value)} ${name} (${percent(value)} %)`)));
		}
		if (data.outside)
			out.append(el('div', {}, `${plural(data.outside, 'source file')} in no module.`));
		if (data.problems.length) {
			out.append(el('details', {},
				el('summary', {}, `${plural(data.problems.length + data.problemsLeftOut,
					'file')} not read, or not to the end`),
				el('ul', {}, data.problems.map(problem => el('li', {}, problem)))));
		}
	};

	/* ---- light and dark ---- */

	const THEMES = ['automatic', 'light', 'dark'];
	const setTheme = theme => {
		if (theme === 'automatic') root.removeAttribute('data-theme');
		else root.setAttribute('data-theme', theme);
		$('theme').textContent = `Colours: ${theme}`;
		$('theme').dataset.theme = theme;
	};
	const remember = theme => {
		try {
			if (theme) localStorage.setItem('ashlar-colours', theme);
			return localStorage.getItem('ashlar-colours');
		} catch (refused) {
			return null;
		}
	};
	const startTheme = () => {
		const before = remember();
		setTheme(THEMES.includes(before) ? before : 'automatic');
		$('theme').addEventListener('click', () => {
			const next = THEMES[(THEMES.indexOf($('theme').dataset.theme) + 1) % THEMES.length];
			setTheme(next);
			remember(next);
		});
	};

	/* ---- findings, wherever they are shown ---- */

	const linkOf = new Map(links.map(link => [`${link.from} ${link.to}`, link]));
	const addressOf = link => `#uses-${encodeURIComponent(modules[link.from].name)}~${
		encodeURIComponent(modules[link.to].name)}`;
	const edgeView = finding => {
		const link = linkOf.get(`${finding.module} ${placeOf.get(finding.to)}`);
		return link && el('a', {href: addressOf(link)}, `${finding.owner} → ${finding.to}`);
	};

	const placeText = (file, line, column) =>
		file + (line ? `:${line}` : '') + (line && column ? `:${column}` : '');

	const codeView = finding => {
		if (finding.code == null) return null;
		const characters = Array.from(finding.code);
		const start = characters.findIndex(character => character !== ' ' && character !== '\t');
		if (start < 0) return null;
		const from = finding.column ? Math.max(finding.column - 1, start) : characters.length;
		const to = from + (finding.column ? finding.width || 1 : 0);
		return el('code', {class: 'code'},
			el('span', {class: 'number'}, String(finding.line)),
			characters.slice(start, from).join(''),
			el('mark', {}, characters.slice(from, to).join('')),
			characters.slice(to).join(''));
	};

	const stepsView = finding => {
		const rows = [];
		for (let i = 0; i < finding.steps.length; i += 4) {
			const [file, line, column, text] = finding.steps.slice(i, i + 4);
			rows.push(el('li', {}, el('span', {class: 'place'},
				placeText(texts[file], line, column)), ' ', texts[text]));
		}
		return rows.length ? el('ol', {}, rows) : null;
	};

	const findingView = (finding, inList) => {
		const kind = finding.known ? 'known' : finding.error ? 'error' : 'warning';
		const advice = [['why', finding.why], ['help', finding.help]].filter(pair => pair[1]);
		return el('article', {class: `finding ${kind}`, id: inList ? finding.name : null},
			el('p', {class: 'head'},
				el('span', {class: 'rule'}, finding.rule),
				el('span', {}, finding.known ? 'known in the baseline'
					: finding.error ? 'error' : 'warning'),
				finding.file && el('span', {class: 'place'},
					placeText(finding.file, finding.line, finding.column)),
				inList && edgeView(finding),
				el('a', {class: 'self', href: `#${finding.name}`,
					'aria-label': 'Link to this finding'}, '#')),
			el('p', {}, finding.message),
			codeView(finding), stepsView(finding),
			advice.length ? el('dl', {}, advice.map(([label, text]) =>
				[el('dt', {}, label), el('dd', {}, text)])) : null);
	};

	/* ---- the panel ---- */

	const PANEL_FINDINGS = 30;
	let choice = null; /* {module} or {link} */

	const findingsPart = list => list.length ? [
		el('h3', {}, plural(list.length, 'finding')),
		...list.slice(0, PANEL_FINDINGS).map(finding => findingView(finding, false)),
		list.length > PANEL_FINDINGS
			? el('p', {class: 'more-note'}, `and ${amount(list.length - PANEL_FINDINGS)} more: see the list of findings`)
			: null] : [];

	const usesPart = (title, list, end) => list.length ? [
		el('h3', {}, title),
		el('ul', {class: 'uses'}, [...list].sort((a, b) =>
			b.fresh - a.fresh || b.known - a.known || b.uses - a.uses).map(link => {
			const kind = link.fresh ? 'broken' : link.known ? 'known' : link.back ? 'cycle' : '';
			const notes = [];
			if (link.fresh) notes.push(plural(link.fresh, 'finding'));
			else if (link.known) notes.push(`${amount(link.known)} known`);
			else if (link.back) notes.push('closes a cycle');
			if (link.types) notes.push('types only');
			return el('li', {},
				el('button', {type: 'button', onclick: () => choose({link})},
					modules[link[end]].name),
				notes.length ? el('span', {class: kind}, notes.join(', ')) : null,
				el('span', {class: 'amount'}, amount(link.uses)));
		}))] : [];

	const moduleView = module => {
		const about = [
			module.owner && `owner ${module.owner}`,
			module.layer >= 0 && `layer ${data.layers[module.layer]}`,
			`${plural(module.files, 'file')}, ${plural(module.lines, 'line')}`,
		].filter(Boolean).join(' · ');
		const group = groups.get(module.group);
		return [
			el('h2', {}, module.name),
			el('p', {class: 'about'}, about),
			el('p', {class: 'about'}, el('code', {}, module.path ? `${module.path}/` : './')),
			!module.shown ? el('p', {class: 'about'}, 'Not on the map, which shows the modules with the most references.') : null,
			group ? el('p', {}, `In a cycle with ${group.filter(other => other !== module)
				.slice(0, 12).map(other => other.name).join(', ')}${group.length > 13
				? ` and ${group.length - 13} more` : ''}.`) : null,
			...findingsPart(findingsOf(module.place)),
			...usesPart('Uses', module.out, 'to'),
			...usesPart('Used by', module.in, 'from'),
		];
	};

	const linesPart = link => {
		const out = [];
		let file = -1, rows = null;
		for (let i = 0; i < link.lines.length; i += 4) {
			const [at, line, , what] = link.lines.slice(i, i + 4);
			if (at !== file) {
				file = at;
				rows = el('div', {class: 'lines code'});
				out.push(el('p', {class: 'file code'}, texts[at]), rows);
			}
			rows.append(el('span', {class: 'number'}, String(line)),
				el('span', {class: 'what'}, texts[what]));
		}
		const hidden = link.uses - link.lines.length / 4;
		if (hidden)
			out.push(el('p', {class: 'more-note'}, `and ${amount(hidden)} more that this page does not hold`));
		return out;
	};

	const linkView = link => {
		const from = modules[link.from], to = modules[link.to];
		const name = module => el('a', {href: `#module-${encodeURIComponent(module.name)}`},
			module.name);
		return [
			el('h2', {}, name(from), ' → ', name(to)),
			el('p', {class: 'about'}, plural(link.uses, 'reference'),
				link.types ? ', for types only' : '', link.back ? ', closes a cycle' : link.cycle ? ', part of a cycle' : ''),
			...findingsPart(findingsOf(link.from, link.to)),
			el('h3', {}, 'References'),
			...linesPart(link),
		];
	};

	const showPanel = () => {
		const panel = $('panel');
		panel.hidden = !choice;
		document.querySelector('.views').classList.toggle('with-panel', !!choice);
		if (!choice) return;
		panel.replaceChildren(
			el('button', {type: 'button', class: 'close', 'aria-label': 'Close',
				onclick: () => choose(null)}, '×'),
			...(choice.module ? moduleView(choice.module) : linkView(choice.link))
				.filter(Boolean));
		panel.scrollTop = 0;
	};

	const hashOf = which => {
		if (!which) return '#' + view;
		if (which.module) return '#module-' + encodeURIComponent(which.module.name);
		return addressOf(which.link);
	};

	const choose = which => {
		choice = which;
		showPanel();
		markMap();
		markMatrix();
		history.replaceState(null, '', hashOf(which));
	};

	/* ---- the map ---- */

	const canvas = $('canvas');
	const map = canvas.querySelector('.map');
	const nodeViews = new Map(), linkViews = new Map();
	const full = {x: 0, y: 0, w: map.viewBox.baseVal.width, h: map.viewBox.baseVal.height};
	let sight = {...full};
	let fitted = true; /* nobody moved the map */
	let whole = false; /* all was asked to be in sight, however small */

	const setSight = next => {
		sight = next;
		map.setAttribute('viewBox', `${next.x} ${next.y} ${next.w} ${next.h}`);
	};
	const toMap = (x, y) => new DOMPoint(x, y).matrixTransform(map.getScreenCTM().inverse());
	const centre = () => ({x: sight.x + sight.w / 2, y: sight.y + sight.h / 2});
	const scale = () => map.getScreenCTM().a;
	const zoom = (factor, at) => {
		fitted = false;
		const limited = Math.min(Math.max(scale() * factor, 0.05), 4) / scale();
		setSight({
			x: at.x - (at.x - sight.x) / limited, y: at.y - (at.y - sight.y) / limited,
			w: sight.w / limited, h: sight.h / limited,
		});
	};
	/* All of it, but a small map not larger than life; of one that is too long to be read, the
	   upper end, until somebody asks for all. */
	const READABLE = 0.2;
	const fit = () => {
		const above = canvas.getBoundingClientRect().top + scrollY;
		const below = $('legend').offsetHeight + 28;
		canvas.style.height = `${Math.max(420, innerHeight - above - below)}px`;
		const box = canvas.getBoundingClientRect();
		const wide = Math.min(box.width / full.w, 1.25);
		let factor = Math.min(wide, box.height / full.h) || 1;
		const cut = !whole && factor < READABLE && factor < wide;
		if (cut) factor = Math.min(wide, 2 * READABLE);
		const w = box.width / factor, h = box.height / factor;
		setSight({x: (full.w - w) / 2, y: cut ? 0 : (full.h - h) / 2, w, h});
		fitted = true;
	};
	const fitWhole = () => {
		whole = true;
		fit();
	};
	/* The canvas became larger or smaller: nothing on it does, unless all was in sight. */
	let lastBox = null;
	const keep = () => {
		const box = canvas.getBoundingClientRect();
		if (!box.width) return;
		if (fitted || !lastBox) {
			fit();
		} else {
			const factor = Math.min(lastBox.width / sight.w, lastBox.height / sight.h);
			const at = centre(), w = box.width / factor, h = box.height / factor;
			setSight({x: at.x - w / 2, y: at.y - h / 2, w, h});
		}
		lastBox = canvas.getBoundingClientRect();
	};
	const reveal = module => {
		const at = nodeViews.get(module.place);
		if (!at) return;
		const place = at.transform.baseVal.getItem(0).matrix;
		const factor = Math.max(scale(), 0.8) / scale();
		const w = sight.w / factor, h = sight.h / factor;
		setSight({x: place.e - w / 2, y: place.f - h / 2, w, h});
		fitted = false;
	};

	const neighbours = which => {
		if (which.link)
			return {places: [which.link.from, which.link.to], near: [which.link]};
		const near = [...which.module.out, ...which.module.in];
		return {places: [which.module.place, ...near.map(link =>
			(link.from === which.module.place ? link.to : link.from))], near};
	};
	let hovered = null;
	const markMap = () => {
		const which = hovered || choice;
		for (const marked of map.querySelectorAll('.near, .chosen'))
			marked.classList.remove('near', 'chosen');
		canvas.classList.toggle('focused', !!which);
		if (!which) return;
		const {places, near} = neighbours(which);
		for (const place of places) nodeViews.get(place)?.classList.add('near');
		for (const link of near) linkViews.get(link.number)?.classList.add('near');
		if (!choice) return;
		if (choice.module) nodeViews.get(choice.module.place)?.classList.add('chosen');
		else linkViews.get(choice.link.number)?.classList.add('chosen');
	};
	const whichAt = target => {
		const node = target.closest?.('.node'), link = target.closest?.('.link');
		if (node) return {module: modules[node.dataset.node]};
		return link ? {link: links[link.dataset.link]} : null;
	};

	const startMapViews = () => {
		for (const node of map.querySelectorAll('.node'))
			nodeViews.set(Number(node.dataset.node), node);
		for (const link of map.querySelectorAll('.link')) {
			const path = link.querySelector('path'), hit = path.cloneNode();
			hit.setAttribute('class', 'hit');
			hit.removeAttribute('marker-end');
			link.append(hit);
			linkViews.set(Number(link.dataset.link), link);
		}
		const minor = map.querySelectorAll('.link.minor').length;
		$('minor-choice').hidden = !minor;
		$('minor-choice').lastChild.data = ` all ${amount(links.length)} connections, also those that others imply`;
		$('minor').addEventListener('change', () =>
			canvas.classList.toggle('all', $('minor').checked));
	};

	const startPointer = () => {
		/* What was pressed counts, also when the map has moved under the pointer since. */
		let start = null, moved = false, pressed = null;
		canvas.addEventListener('pointerdown', event => {
			pressed = whichAt(event.target);
			if (event.button === 0)
				start = {x: event.clientX, y: event.clientY, sight: {...sight}, scale: scale()};
			moved = false;
		});
		canvas.addEventListener('pointermove', event => {
			if (!start) return;
			const x = event.clientX - start.x, y = event.clientY - start.y;
			if (!moved && Math.hypot(x, y) < 4) return;
			if (!moved) canvas.setPointerCapture(event.pointerId);
			moved = true;
			fitted = false;
			canvas.classList.add('moving');
			setSight({...start.sight, x: start.sight.x - x / start.scale,
				y: start.sight.y - y / start.scale});
		});
		const end = () => {
			start = null;
			canvas.classList.remove('moving');
		};
		canvas.addEventListener('pointerup', end);
		canvas.addEventListener('pointercancel', end);
		canvas.addEventListener('click', event => {
			if (moved) return;
			choose(event.detail > 0 ? pressed : whichAt(event.target));
		});
		canvas.addEventListener('wheel', event => {
			event.preventDefault();
			zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.06 : 0.002)),
				toMap(event.clientX, event.clientY));
		}, {passive: false});
		map.addEventListener('pointerover', event => {
			if (start && moved) return;
			hovered = whichAt(event.target);
			markMap();
		});
		map.addEventListener('pointerleave', () => {
			hovered = null;
			markMap();
		});
	};

	const shift = (right, down) => () => {
		fitted = false;
		setSight({...sight, x: sight.x + right * sight.w / 10, y: sight.y + down * sight.h / 10});
	};
	const KEYS = {
		ArrowLeft: shift(-1, 0), ArrowRight: shift(1, 0), ArrowUp: shift(0, -1), ArrowDown: shift(0, 1),
		'+': () => zoom(1.25, centre()), '=': () => zoom(1.25, centre()),
		'-': () => zoom(0.8, centre()), 0: fitWhole,
	};
	const startKeys = () => {
		canvas.addEventListener('keydown', event => {
			const node = event.target.closest('.node');
			if (node && (event.key === 'Enter' || event.key === ' ')) {
				event.preventDefault();
				choose({module: modules[node.dataset.node]});
			} else if (KEYS[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
				event.preventDefault();
				KEYS[event.key]();
			}
		});
		map.addEventListener('focusin', event => {
			hovered = whichAt(event.target);
			markMap();
		});
		map.addEventListener('focusout', () => {
			hovered = null;
			markMap();
		});
		document.addEventListener('keydown', event => {
			if (event.key === 'Escape' && choice) choose(null);
		});
	};

	const startFind = () => {
		$('names').append(...modules.map(module => el('option', {value: module.name})));
		$('find').addEventListener('change', () => {
			const text = $('find').value.trim().toLowerCase();
			const found = text && (modules.find(module => module.name.toLowerCase() === text) ||
				modules.find(module => module.name.toLowerCase().includes(text)));
			if (!found) return;
			choose({module: found});
			reveal(found);
		});
	};

	const startLegend = () => {
		const sample = (kind, dashed) => draw('svg', {class: 'map', viewBox: '0 0 30 10',
			'aria-hidden': 'true'}, draw('g', {class: `link ${kind}${dashed ? ' types' : ''}`},
			draw('path', {d: 'M1 5H29', 'stroke-width': 2})));
		const rows = [[sample('plain'), 'uses; the more references, the thicker']];
		if (links.some(link => link.types)) rows.push([sample('plain', true), 'types only']);
		if (groups.size) rows.push([sample('cycle'), 'closes a cycle']);
		if (links.some(link => link.fresh)) rows.push([sample('broken'), 'with findings']);
		if (links.some(link => !link.fresh && link.known))
			rows.push([sample('known'), 'known in the baseline']);
		$('legend').append(...rows.map(([picture, text]) => el('li', {}, picture, text)));
		if (modules.some(module => !module.shown))
			$('legend').append(el('li', {}, `The map shows ${amount(nodeViews.size)} of ${
				amount(modules.length)} modules, those with the most references.`));
	};

	/* ---- the matrix ---- */

	const grid = $('grid');
	const cellViews = new Map(); /* by place * modules + place */
	const cellAt = (row, column) => cellViews.get(row * modules.length + column);

	const markMatrix = () => {
		for (const marked of grid.querySelectorAll('.chosen')) marked.classList.remove('chosen');
		if (choice?.link) cellAt(choice.link.from, choice.link.to)?.classList.add('chosen');
	};

	const SHORT = 30;
	const short = name => (name.length > SHORT ? '…' + name.slice(1 - SHORT) : name);

	/* Runs of modules next to each other that share a value. */
	const runs = value => {
		const out = [];
		modules.forEach((module, place) => {
			const last = out[out.length - 1];
			if (last && last.value === value(module)) last.end = place + 1;
			else out.push({value: value(module), first: place, end: place + 1});
		});
		return out;
	};

	const most = Math.log10(links.reduce((top, link) => Math.max(top, link.uses), 10));
	const cellView = (link, size) => {
		const below = link.from > link.to;
		const kind = link.fresh ? 'broken' : link.known ? 'known' : below ? 'below' : '';
		const label = `${modules[link.from].name} uses ${modules[link.to].name}: ${
			plural(link.uses, 'reference')}${link.fresh ? `, ${plural(link.fresh, 'finding')}` : ''}`;
		const text = link.uses < 1000 ? String(link.uses) : `${Math.floor(link.uses / 1000)}k`;
		const cell = draw('g', {class: `cell ${kind}`, tabindex: -1, role: 'button',
			'aria-label': label, style: `--weight:${(Math.log10(link.uses) / most).toFixed(2)}`},
		draw('title', {}, label),
		draw('rect', {x: link.to * size + 1, y: link.from * size + 1, width: size - 1,
			height: size - 1, rx: 2}),
		text.length * 6 < size ? draw('text', {x: (link.to + 0.5) * size,
			y: (link.from + 0.5) * size + 0.5}, text) : null);
		cell.link = link;
		cellViews.set(link.from * modules.length + link.to, cell);
		return cell;
	};

	const labelView = (module, attributes, kind) => {
		const label = draw('text', {class: `label ${kind}`, ...attributes},
			draw('title', {}, module.name), short(module.name));
		label.module = module;
		return label;
	};

	/* The next cell in a direction, or the nearest one in the rows or columns after it. */
	const nextCell = (link, key) => {
		const rows = key === 'ArrowUp' || key === 'ArrowDown';
		const forward = key === 'ArrowDown' || key === 'ArrowRight';
		const same = link => (rows ? link.to : link.from);
		const along = link => (rows ? link.from : link.to);
		const candidates = links.filter(other => (forward ? along(other) > along(link)
			: along(other) < along(link)));
		const cost = other => Math.abs(along(other) - along(link)) +
			modules.length * Math.abs(same(other) - same(link));
		return candidates.reduce((best, other) =>
			(!best || cost(other) < cost(best) ? other : best), null);
	};

	const startMatrixEvents = (body, cross) => {
		const focus = cell => {
			for (const other of body.querySelectorAll('.cell[tabindex="0"]'))
				other.setAttribute('tabindex', -1);
			cell.setAttribute('tabindex', 0);
		};
		const first = body.querySelector('.cell');
		if (first) focus(first);
		grid.addEventListener('click', event => {
			const cell = event.target.closest('.cell'), label = event.target.closest('.label');
			if (cell) {
				focus(cell);
				choose({link: cell.link});
			} else if (label) {
				choose({module: label.module});
			}
		});
		grid.addEventListener('keydown', event => {
			const cell = event.target.closest('.cell');
			if (!cell) return;
			if (event.key === 'Enter' || event.key === ' ') {
				event.preventDefault();
				choose({link: cell.link});
			} else if (event.key.startsWith('Arrow')) {
				event.preventDefault();
				const next = nextCell(cell.link, event.key);
				if (!next) return;
				focus(cellAt(next.from, next.to));
				cellAt(next.from, next.to).focus();
			}
		});
		body.addEventListener('pointermove', event => cross(event.offsetX, event.offsetY));
		body.addEventListener('pointerleave', () => cross(-1, -1));
	};

	const buildMatrix = () => {
		if (grid.childElementCount || !modules.length) return;
		const count = modules.length;
		const size = count <= 40 ? 26 : count <= 120 ? 20 : 16;
		const side = 14 + 6.4 * Math.max(...modules.map(module => short(module.name).length));
		const extent = count * size;
		const row = draw('rect', {class: 'cross', width: extent, height: size, x: 0, y: -size});
		const column = draw('rect', {class: 'cross', width: size, height: extent, x: -size, y: 0});
		const body = draw('svg', {width: extent + 1, height: extent + 1, role: 'group',
			'aria-label': 'Dependency matrix; arrow keys go from cell to cell'},
		draw('path', {class: 'lower', d: `M0 0V${extent}H${extent}Z`}),
		draw('path', {class: 'line', d: modules.map((_, i) =>
			`M0 ${i * size + 0.5}H${extent}M${i * size + 0.5} 0V${extent}`).join('')}),
		modules.map((_, i) => draw('rect', {class: 'diagonal', x: i * size + 1, y: i * size + 1,
			width: size - 1, height: size - 1})),
		runs(module => module.layer).slice(1).map(run => draw('path', {class: 'layer-line',
			d: `M0 ${run.first * size + 0.5}H${extent}M${run.first * size + 0.5} 0V${extent}`})),
		links.map(link => cellView(link, size)),
		runs(module => module.group).filter(run => run.value >= 0 && run.end - run.first > 1)
			.map(run => draw('rect', {class: 'group', x: run.first * size + 0.5,
				y: run.first * size + 0.5, width: (run.end - run.first) * size,
				height: (run.end - run.first) * size})),
		row, column);
		const sides = modules.map((module, i) => labelView(module, {x: side - 8,
			y: (i + 0.5) * size + 4, 'text-anchor': 'end'}, 'side'));
		const heads = modules.map((module, i) => labelView(module, {
			transform: `translate(${(i + 0.5) * size + 4} ${side - 8}) rotate(-90)`}, 'head'));
		grid.append(
			el('div', {class: 'corner'}),
			el('div', {class: 'heads'}, draw('svg', {width: extent + 1, height: side}, heads)),
			el('div', {class: 'sides'}, draw('svg', {width: side, height: extent + 1}, sides)),
			body);
		const cross = (x, y) => {
			const at = Math.floor(x / size), line = Math.floor(y / size);
			row.setAttribute('y', x < 0 ? -size : line * size);
			column.setAttribute('x', x < 0 ? -size : at * size);
			sides.forEach((label, i) => label.classList.toggle('near', x >= 0 && i === line));
			heads.forEach((label, i) => label.classList.toggle('near', x >= 0 && i === at));
		};
		startMatrixEvents(body, cross);
		markMatrix();
	};

	/* ---- the list of findings ---- */

	const CHUNK = 100;
	let matching = [], written = 0;

	const matches = finding => {
		const text = $('filter-text').value.trim().toLowerCase();
		const rule = $('filter-rule').value, module = $('filter-module').value;
		const severity = $('filter-severity').value, which = $('filter-known').value;
		return (!text || finding.search.includes(text)) && (!rule || finding.rule === rule) &&
			(!module || finding.owner === module) &&
			(!severity || (finding.error ? 'error' : 'warning') === severity) &&
			(!which || (finding.known ? 'known' : 'new') === which);
	};

	const writeMore = most => {
		const part = [];
		for (const end = Math.min(written + most, matching.length); written < end; written++) {
			const finding = matching[written];
			if (!written || matching[written - 1].owner !== finding.owner)
				part.push(el('h2', {}, finding.owner || 'In no module'));
			part.push(findingView(finding, true));
		}
		$('list').append(...part);
		$('more').hidden = written >= matching.length;
		$('more').textContent = `Show more (${amount(matching.length - written)} left)`;
	};

	const writeList = () => {
		matching = findings.filter(matches);
		written = 0;
		$('list').replaceChildren();
		$('filter-count').textContent = findings.length
			? `${amount(matching.length)} of ${plural(findings.length, 'finding')}`
			: 'There are no findings.';
		writeMore(CHUNK);
	};

	const startList = () => {
		const options = (id, values) => $(id).append(...[...new Set(values)].sort(byName)
			.filter(Boolean).map(value => el('option', {value}, value)));
		options('filter-rule', findings.map(finding => finding.rule));
		options('filter-module', findings.map(finding => finding.owner));
		if (!errors && !warnings) $('filter-known').value = '';
		$('filters').addEventListener('input', writeList);
		$('filters').addEventListener('submit', event => event.preventDefault());
		$('more').addEventListener('click', () => writeMore(CHUNK));
		new IntersectionObserver(entries => {
			if (entries[0].isIntersecting && written < matching.length) writeMore(CHUNK);
		}, {rootMargin: '400px'}).observe($('more'));
		writeList();
	};

	const revealFinding = name => {
		const finding = findings.find(other => other.name === name);
		if (!finding) return;
		if (!matches(finding)) {
			$('filters').reset();
			$('filter-known').value = '';
			writeList();
		}
		writeMore(Math.max(0, matching.indexOf(finding) + 1 - written));
		for (const other of document.querySelectorAll('.finding.target'))
			other.classList.remove('target');
		$(name).classList.add('target');
		$(name).scrollIntoView({block: 'center'});
	};

	/* ---- views and addresses ---- */

	const VIEWS = ['map', 'matrix', 'findings'];
	let view = 'map';

	const show = name => {
		view = name;
		for (const other of VIEWS) {
			const tab = $(`tab-${other}`);
			$(other).hidden = other !== name;
			tab.setAttribute('aria-selected', other === name);
			tab.setAttribute('tabindex', other === name ? 0 : -1);
		}
		if (name === 'matrix') buildMatrix();
	};

	const startTabs = () => {
		for (const name of VIEWS) {
			$(`tab-${name}`).addEventListener('click', () => {
				show(name);
				if (!choice) history.replaceState(null, '', '#' + name);
			});
			$(`tab-${name}`).addEventListener('keydown', event => {
				const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
				if (!step) return;
				const next = VIEWS[(VIEWS.indexOf(name) + step + VIEWS.length) % VIEWS.length];
				show(next);
				$(`tab-${next}`).focus();
			});
		}
		$('tab-findings').append(el('span', {class: 'count'}, amount(errors + warnings)));
	};

	/* What an address after '#' asks for. */
	const go = () => {
		const hash = location.hash.slice(1);
		const [kind] = hash.split('-', 1);
		const rest = hash.slice(kind.length + 1);
		if (VIEWS.includes(hash)) {
			show(hash);
		} else if (kind === 'finding') {
			show('findings');
			revealFinding(hash);
		} else if (kind === 'module' && placeOf.has(decodeURIComponent(rest))) {
			const module = modules[placeOf.get(decodeURIComponent(rest))];
			choose({module});
			if (view === 'map') reveal(module);
		} else if (kind === 'uses') {
			const [from, to] = rest.split('~').map(name => placeOf.get(decodeURIComponent(name)));
			const link = linkOf.get(`${from} ${to}`);
			if (link) choose({link});
		}
	};

	writeVerdict();
	writeNumbers();
	writeShare();
	startTheme();
	startMapViews();
	startPointer();
	startKeys();
	startFind();
	startLegend();
	startList();
	startTabs();
	fit();
	new ResizeObserver(keep).observe(canvas);
	go();
	$('zoom-in').addEventListener('click', () => zoom(1.25, centre()));
	$('zoom-out').addEventListener('click', () => zoom(0.8, centre()));
	$('zoom-fit').addEventListener('click', fitWhole);
	addEventListener('hashchange', go);
	addEventListener('resize', keep);
	addEventListener('beforeprint', () => {
		setSight({...full});
		buildMatrix();
		writeMore(matching.length);
	});
	addEventListener('afterprint', fit);
})();
