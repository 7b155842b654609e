# SPDX-License-Identifier: Apache-2.0
"""The shop with a change in it: only what the change touches is generated and compiled anew, by the
commands of the build, and linked with the rest."""
import os
import shlex
import shutil
import subprocess


class Refused(Exception):
    """A step of making it failed: 'generate', 'compile' or 'link'; and what was said."""

    def __init__(self, step, text):
        super().__init__(f'{step}: {text}')
        self.step = step
        self.text = text


def change(root, path, old, new):
    """Puts `new` for `old` in a file of the copy; for the whole file where `old` is None."""
    path = os.path.join(root, path)
    text = new
    if old is not None:
        with open(path, encoding='utf-8') as file:
            text = file.read()
        assert old in text, f'{path} has no {old!r}'
        text = text.replace(old, new, 1)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


class Maker:
    def __init__(self, build, source):
        self.build = build
        self.source = source
        ninja = shutil.which('ninja') or shutil.which('ninja-build')
        commands = subprocess.run([ninja, '-C', build, '-t', 'commands', 'examples/shop/shop'],
                                  capture_output=True, text=True, timeout=120, check=True).stdout
        self.commands = [shlex.split(line) for line in commands.splitlines()
                         if not line.startswith('ninja:')]
        self.link = self.commands[-1]

    def run(self, step, command):
        result = subprocess.run(command, cwd=self.build, capture_output=True, text=True, timeout=300,
                                check=False)
        if result.returncode != 0:
            raise Refused(step, result.stdout + result.stderr)

    def generate(self, module, root, out, new=None):
        """Makes the files of `module`; those of `new` as if it were that one, whose .proto it may
        import."""
        contract = f'{self.source}/{module}/module.yaml'
        for command in self.commands:
            if not any(word.startswith('--ashlar_opt=contract=') and
                       os.path.realpath(os.path.join(self.build, word.split('=', 2)[2])) == contract
                       for word in command):
                continue
            moved = []
            for word in command:
                name, mark, path = word.rpartition('=') if word.startswith('--') else ('', '', word)
                if name in ('--ashlar_out', '--c_out'):
                    path = out
                elif word.startswith('-I'):
                    name, path = '-I', word[2:]
                whole = os.path.realpath(os.path.join(self.build, path))
                if whole.startswith(self.source + '/'):
                    path = root + whole[len(self.source):]
                if new and name == '-I' and path == f'{root}/{module}':
                    moved.append(f'-I{root}/{new}')
                elif new and path.startswith(f'{root}/{module}/'):
                    path = path.replace(f'{root}/{module}/', f'{root}/{new}/').replace(
                        f'/{module}.proto', f'/{new}.proto')
                moved.append(name + mark + path)
            self.run('generate', moved)
            return
        raise AssertionError(f'no command of the build generates {contract}')

    def compile(self, unit, source, out, name=None):
        """Compiles `source` as the build compiles the file `unit`; the object's path there and here."""
        for command in self.commands:
            if '-c' not in command:
                continue
            of = os.path.join(self.build, command[command.index('-c') + 1])
            if os.path.realpath(of) != os.path.realpath(unit):
                continue
            was = command[command.index('-o') + 1]
            now = os.path.join(out, name or os.path.basename(was))
            moved = list(command)
            for flag, path in (('-o', now), ('-MF', now + '.d'), ('-c', source)):
                moved[moved.index(flag) + 1] = path
            first = next(i for i, word in enumerate(moved) if word.startswith('-I'))
            moved.insert(first, '-I' + out)
            self.run('compile', moved)
            return was, now
        raise AssertionError(f'no command of the build compiles {unit}')

    def make_new(self, module, like, root, out):
        """The objects of a module that the shop does not have, made as those of another."""
        self.generate(like, root, out, new=module)
        units = [(f'{self.build}/examples/shop/{like}.{name}.c', f'{out}/{module}.{name}.c')
                 for name in ('pb-c', 'port', 'module')]
        units.append((f'{self.source}/{like}/{like}.c', f'{root}/{module}/{module}.c'))
        return [self.compile(unit, source, out, name=os.path.basename(source) + '.o')[1]
                for unit, source in units]

    def make(self, folder, *changes, new=None):
        """The program with all of the changes, (path, old, new) each; raises Refused. `new` has modules
        that the shop does not have, each with the one that it is made like."""
        new = new or {}
        root, out = os.path.join(folder, 'shop'), os.path.join(folder, 'out')
        shutil.copytree(self.source, root)
        os.mkdir(out)
        for one in changes:
            change(root, *one)
        objects, more = {}, []
        touched = {path for path, _, _ in changes}
        for module in sorted({path.split('/')[0] for path in touched if '/' in path} - new.keys()):
            self.generate(module, root, out)
            for name in ('pb-c', 'port', 'module'):
                was, now = self.compile(f'{self.build}/examples/shop/{module}.{name}.c',
                                        f'{out}/{module}.{name}.c', out)
                objects[was] = now
            was, now = self.compile(f'{self.source}/{module}/{module}.c',
                                    f'{root}/{module}/{module}.c', out)
            objects[was] = now
        for module, like in new.items():
            more += self.make_new(module, like, root, out)
        if touched & {'main.c', 'app.h'}:
            was, now = self.compile(f'{self.source}/main.c', f'{root}/main.c', out)
            objects[was] = now
        program = os.path.join(folder, 'shop-changed')
        linked = [objects.get(word, word) for word in self.link]
        at = linked.index('-o') + 1
        linked[at:at + 1] = [program, *more]
        self.run('link', linked)
        return program
