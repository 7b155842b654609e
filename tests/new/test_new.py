#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `ashlar new` writes, and what builds it: test_new.py BUILD CC FLAGS

Installs BUILD into a folder of its own, and from then on knows only that: applications outside of the
tree are begun, built by make, by Meson and by hand, and must pass their own tests and `ashlar check`.
FLAGS (of a sanitizer) are for whatever is linked with the library.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = CC = FLAGS = FOLDER = PREFIX = None

MESON = '''project('cafe', 'c')
ashlar = dependency('ashlar')
protoc = find_program('protoc')
sources = []
foreach name : ['orders', 'kitchen']
  folder = meson.current_source_dir() / 'modules' / name
  sources += files('modules' / name / name + '.c')
  sources += custom_target(name, input: 'modules' / name / name + '.proto',
    output: [name + '.pb-c.c', name + '.pb-c.h', name + '.port.c', name + '.port.h',
             name + '.messages.h', name + '.module.c', name + '.module.h'],
    depend_files: files('modules' / name / 'module.yaml',
                        'modules' / name / 'migrations/0001_item.sql'),
    command: [protoc, '-I' + folder, '-I' + ashlar.get_variable('includedir'),
              '--plugin=' + ashlar.get_variable('protoc_gen_ashlar'),
              '--ashlar_out=@OUTDIR@', '--ashlar_opt=contract=' + folder / 'module.yaml',
              '--c_out=@OUTDIR@', name + '.proto'])
endforeach
executable('cafe', 'main.c', sources, dependencies: ashlar)
foreach name : ['orders', 'kitchen']
  test(name, executable('test_' + name, 'modules' / name / 'test_' + name + '.c', sources,
    include_directories: '.', dependencies: ashlar), protocol: 'tap')
endforeach
'''

BY_HAND = '''set -e
mkdir made
for module in orders kitchen; do
	protoc -Imodules/$module -I$(pkg-config --variable=includedir ashlar) --ashlar_out=made \\
		--ashlar_opt=contract=modules/$module/module.yaml --c_out=made $module.proto
done
$CC -o cafe -Imade $CFLAGS main.c modules/orders/orders.c modules/kitchen/kitchen.c made/*.c \\
	$(pkg-config --cflags --libs ashlar)
'''

# A well-known type of protobuf: the library brings it.
TIMED = '''syntax = "proto3";
package clock.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/empty.proto";
import "ashlar/options.proto";
message Reading { google.protobuf.Timestamp at = 1; }
service Clock {
  rpc Read(google.protobuf.Empty) returns (Reading) {
    option (ashlar.route) = "GET /clock";
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
'''
TIMED_C = '''#include "clock.module.h"

static ash_status read_clock(ash_call *call, const Google__Protobuf__Empty *in, ClockReading *out)
{
	(void)in;
	out->at = ash_alloc(call, sizeof *out->at);
	if (!out->at)
		return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
	google__protobuf__timestamp__init(out->at);
	out->at->seconds = ash_now(call) / 1000000;
	return ASH_OK;
}

ASH_MODULE(clock, .clock = {.read = read_clock});
'''
TIMED_TEST = '''#include <ashlar/test.h>
#include "app.h"

ASH_TEST(it_shows_the_time)
{
	ClockReading reading;
	ash_expect_ok(test, clock_read(ash_test_call(test), &(Google__Protobuf__Empty){0}, &reading));
	ash_expect_int(test, reading.at->seconds, 1767225600);
}

ASH_TEST_MAIN(APP)
'''


def environment():
    flags = {'CFLAGS': f'-O1 -g -Wall -Wextra -Werror {FLAGS}', 'LDFLAGS': FLAGS}
    configs = [os.path.join(root, 'pkgconfig') for root, names, _ in os.walk(PREFIX)
               if 'pkgconfig' in names]
    return dict(os.environ, CC=CC, PKG_CONFIG_PATH=':'.join(configs), ASHLAR_TEST_STORE='',
                PATH=os.path.join(PREFIX, 'bin') + ':' + os.environ['PATH'], **flags)


def run(*words, cwd, **more):
    return subprocess.run(words, cwd=cwd, env=environment(), capture_output=True, text=True,
                          timeout=300, check=False, **more)


class New(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=FOLDER)
        self.app = os.path.join(self.folder, 'cafe')

    def tearDown(self):
        shutil.rmtree(self.folder)

    def does(self, *words, cwd=None):
        result = run(*words, cwd=cwd or self.app)
        self.assertEqual(result.returncode, 0, f'{words}\n{result.stdout}{result.stderr}')
        return result.stdout

    def refuses(self, expected, *words, cwd=None):
        before = self.listing()
        result = run('ashlar', 'new', *words, cwd=cwd or self.folder)
        self.assertEqual(result.returncode, 2, result.stdout + result.stderr)
        self.assertIn(expected, result.stderr)
        self.assertEqual(self.listing(), before)

    def listing(self):
        return sorted(os.path.join(root, name) for root, _, names in os.walk(self.folder)
                      for name in names)

    def begin(self, *more):
        return self.does('ashlar', 'new', 'app', 'cafe', *more, cwd=self.folder)

    def read(self, path):
        with open(os.path.join(self.app, path), encoding='utf-8') as file:
            return file.read()

    def write(self, path, text):
        with open(os.path.join(self.app, path), 'w', encoding='utf-8') as file:
            file.write(text)

    def test_a_new_application_passes_its_test_and_the_check(self):
        said = self.begin()
        self.assertIn('wrote    cafe/modules/greetings/greetings.c', said)
        made = self.does('make', 'test')
        self.assertIn('ok 1 - what_is_added_is_there', made)
        self.assertIn('No findings.', self.does('ashlar', 'check'))
        self.does('make', 'check')
        self.assertRegex(self.does('build/cafe', 'routes'), 'POST +/greetings ')
        self.assertIn('Nothing to be done', self.does('make'))

    def test_modules_of_all_names_build_and_pass(self):
        self.begin('orders')
        names = ['a', 'order_items', 'x1_y', 'message', 'main_loop', 'text', 'time', 'test',
                 'abcdefghijklmnopqrstuvwxyz_abcdefghijklm']
        for name in names:
            self.does('ashlar', 'new', 'module', name)
        self.assertEqual(self.does('make', '-j2', 'test').count('\nok '),
                         2 * (1 + len(names)))
        self.assertIn(f'{1 + len(names)} modules', self.does('ashlar', 'check'))

    def test_a_module_is_added_where_we_are_below_the_root(self):
        self.begin('orders')
        self.write('app.h', self.read('app.h').replace('&orders_module,',
                                                       '&orders_module, /* NULL, the first */'))
        said = self.does('ashlar', 'new', 'module', 'kitchen',
                         cwd=os.path.join(self.app, 'modules/orders/migrations'))
        self.assertIn('added    kitchen to the list in app.h', said)
        self.assertIn('#include "orders.port.h"\n#include "kitchen.port.h"\n', self.read('app.h'))
        self.assertIn('\t&orders_module, /* NULL, the first */\n\t&kitchen_module,\n\tNULL,\n',
                      self.read('app.h'))

    def test_a_dry_run_writes_nothing(self):
        said = self.does('ashlar', 'new', 'app', 'cafe', '--dry-run', cwd=self.folder)
        self.assertIn('--- cafe/main.c\n#include "app.h"\n', said)
        self.assertEqual(self.listing(), [])
        self.begin()
        before = self.listing(), self.read('app.h')
        said = self.does('ashlar', 'new', 'module', 'kitchen', '-n')
        self.assertIn('--- app.h\n', said)
        self.assertIn('&kitchen_module,', said)
        self.assertEqual((self.listing(), self.read('app.h')), before)

    def test_what_is_there_is_kept(self):
        self.begin('orders')
        self.refuses('cafe: is there already', 'app', 'cafe')
        self.refuses('is an application already; `ashlar new module NAME` adds', 'app', 'bar',
                     cwd=os.path.join(self.app, 'modules'))
        self.refuses('modules/orders: is there already', 'module', 'orders', cwd=self.app)
        shutil.rmtree(os.path.join(self.app, 'modules/orders'))
        self.refuses("app.h: has a module 'orders' in its list already", 'module', 'orders',
                     cwd=self.app)

    def test_what_cannot_be_is_refused(self):
        self.refuses('is made of a-z, 0-9 and -', 'app', 'Cafe')
        self.refuses('is made of a-z, 0-9 and -', 'app', 'a/b')
        self.refuses('a folder of the build', 'app', 'made')
        self.refuses('C has that word for itself', 'app', 'cafe', 'int')
        self.refuses('usage: ashlar new', 'app')
        self.refuses("did you mean 'module'?", 'modul', 'x')
        self.refuses('there is no ashlar.yaml here or above', 'module', 'orders')
        self.begin()
        self.refuses('SQL has that word for itself', 'module', 'order', cwd=self.app)
        self.refuses('usage: ashlar new module NAME', 'module', 'orders', 'more', cwd=self.app)
        self.write('ashlar.yaml', 'version: 1\nmodules: [modules/greetings]\n')
        self.refuses('has no folder for new modules', 'module', 'orders', cwd=self.app)
        self.write('ashlar.yaml', 'version: 1\nmodls: [x]\n')
        self.refuses("ashlar.yaml:2:1:", 'module', 'orders', cwd=self.app)

    def test_without_a_list_it_says_what_to_do(self):
        self.begin()
        os.remove(os.path.join(self.app, 'app.h'))
        said = self.does('ashlar', 'new', 'module', 'kitchen')
        self.assertIn('add &kitchen_module to\nyours', said)

    def test_meson_builds_it(self):
        self.begin('orders')
        self.does('ashlar', 'new', 'module', 'kitchen')
        self.write('meson.build', MESON)
        self.does('meson', 'setup', '-Dwarning_level=2', 'out')
        self.does('ninja', '-C', 'out')
        self.does('meson', 'test', '-C', 'out', '--no-rebuild')
        self.assertIn('kitchen', self.does('out/cafe', 'modules'))

    def test_a_compiler_and_pkg_config_build_it(self):
        self.begin('orders')
        self.does('ashlar', 'new', 'module', 'kitchen')
        self.does('sh', '-c', BY_HAND)
        self.assertIn('kitchen', self.does('./cafe', 'modules'))

    def test_well_known_types_are_there(self):
        self.begin()
        self.does('ashlar', 'new', 'module', 'clock')
        self.write('modules/clock/clock.proto', TIMED)
        self.write('modules/clock/clock.c', TIMED_C)
        self.write('modules/clock/test_clock.c', TIMED_TEST)
        self.write('modules/clock/module.yaml',
                   'module: clock\npublic: [clock.proto]\nports: [clock.v1.Clock]\n')
        shutil.rmtree(os.path.join(self.app, 'modules/clock/migrations'))
        self.assertIn('it_shows_the_time', self.does('make', 'test'))

    def test_a_module_that_replaces_another_builds(self):
        self.begin()
        for name in 'clock', 'sundial':
            self.does('ashlar', 'new', 'module', name)
            shutil.rmtree(os.path.join(self.app, f'modules/{name}/migrations'))
            os.remove(os.path.join(self.app, f'modules/{name}/test_{name}.c'))
        self.write('modules/clock/clock.proto', TIMED)
        self.write('modules/clock/clock.c', TIMED_C)
        self.write('modules/clock/module.yaml',
                   'module: clock\npublic: [clock.proto]\nports: [clock.v1.Clock]\n')
        self.write('modules/sundial/sundial.proto', 'syntax = "proto3";\npackage sundial.v1;\n'
                   'import public "clock.proto";\n')
        self.write('modules/sundial/sundial.c', TIMED_C.replace('clock.module.h', 'sundial.module.h')
                   .replace('ASH_MODULE(clock', 'ASH_MODULE(sundial'))
        self.write('modules/sundial/module.yaml',
                   'module: sundial\nreplaces: clock\nports: [clock.v1.Clock]\n')
        self.does('make')
        self.assertRegex(self.does('build/cafe', 'modules'), 'sundial')
        self.write('modules/clock/clock.proto', TIMED.replace('at = 1;', 'at = 1; string by = 2;'))
        self.assertIn('make C of modules/sundial', self.does('make'))
        self.assertIn('No findings.', self.does('ashlar', 'check'))

    def test_the_build_follows_what_is_changed(self):
        self.begin('orders')
        self.does('make')
        more = 'create table orders.more (id bigint primary key);\n'
        self.write('modules/orders/migrations/0002_more.sql', more)
        self.assertIn('make C of modules/orders', self.does('make'))
        os.makedirs(os.path.join(self.app, 'page'))
        self.write('page/index.html', '<p>hello')
        self.write('app.h', self.read('app.h').replace('.modules = MODULES', '.modules = MODULES, '
                   '.assets = PAGE, .asset_count = PAGE_COUNT').replace(
                       '#include "orders.port.h"', '#include "orders.port.h"\n#include "page.h"'))
        self.assertIn('make C of page', self.does('make'))
        self.assertIn('Nothing to be done', self.does('make'))

    def test_the_public_names_are_all_that_is_seen(self):
        archive = [os.path.join(root, 'libashlar.a') for root, _, names in os.walk(PREFIX)
                   if 'libashlar.a' in names][0]
        names = [line.split()[2] for line in
                 self.does('nm', '--defined-only', '--extern-only', archive, cwd=FOLDER).split('\n')
                 if len(line.split()) == 3]
        others = [name for name in names
                  if not name.startswith(('ash_', 'google__', '__odr_asan', '__start_', '__stop_'))]
        self.assertIn('ash_main', names)
        self.assertIn('ash_test_open_', names)
        self.assertEqual(others, [])


if __name__ == '__main__':
    BUILD, CC, FLAGS = sys.argv[1:4]
    del sys.argv[1:4]
    with tempfile.TemporaryDirectory(prefix='ashlar-new-') as FOLDER:
        subprocess.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir',
                        os.path.join(FOLDER, 'root')], check=True, stdout=subprocess.DEVNULL)
        PREFIX = [root for root, names, _ in os.walk(os.path.join(FOLDER, 'root'))
                  if 'bin' in names][0]
        unittest.main()
