"""Turn a Person into a 128-px picture with OpenGL (moderngl, EGL; a software driver is enough).

``Renderer(assets).render(person)`` returns (size, size, 3) uint8. A contact sheet to look at:
``python -m models.renderer --work outputs/bundled-model --sheet emotions.png`` (or ``--sheet people.png --random``).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("LP_NUM_THREADS", "1")  # the software driver: one thread a process, several processes

import moderngl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from models import assets as data
from models.people import Labels, Person, draw, linear
from models.tables import AGES, GENDERS, expressions, looks

Picture = npt.NDArray[np.uint8]
SKIN, EYE, STRAND, STRAND_EDGE, MOUTH = range(5)
HEAD_TEXTURE = 1024
EXPOSURE = 0.74  # the lights together give a facing surface about 1.35 times its own colour

VERTEX = """#version 330
uniform mat4 camera; in vec3 position; in vec3 normal; in vec2 uv; out vec3 P; out vec3 N; out vec2 U;
void main() { gl_Position = camera * vec4(position, 1); P = position; N = normal; U = uv; }"""

FRAGMENT = """#version 330
uniform sampler2D image; uniform int kind; uniform vec3 eye_point; uniform vec3 lights[3]; uniform vec3 colours[3];
uniform vec3 sky; uniform vec3 ground; uniform vec3 tint; uniform vec3 shirt; uniform vec3 neck; uniform vec3 mouth;
uniform vec3 cheek; uniform vec3 under; uniform vec4 blood; uniform float gloss; uniform float shine; uniform vec2 alpha;
in vec3 P; in vec3 N; in vec2 U; out vec4 colour;
float blob(vec3 c, vec3 s) { vec3 d = (vec3(abs(P.x), P.yz) - c) / s; return exp(-dot(d, d)); }
vec3 blooded(vec3 a) {
  float cheeks = blob(cheek, vec3(.3, .24, .5)) + .7 * blob(vec3(0, cheek.y + .08, cheek.z + .3), vec3(.14, .2, .5));
  a *= mix(vec3(1), vec3(1.08, .64, .64), clamp(blood.x * cheeks, 0., 1.));
  float grey = dot(a, vec3(.3, .59, .11));
  a = mix(a, vec3(grey) * vec3(1.02, 1.02, 1.03) + .015, .36 * blood.y);
  a *= mix(vec3(1), vec3(.52, .42, .5), clamp(.95 * blood.z * blob(under, vec3(.2, .09, .5)), 0., 1.));
  float beard = blob(vec3(0, mouth.y - .12, mouth.z), vec3(.52, .34, 1.)) * smoothstep(.12, -.02, P.y - mouth.y - .1);
  beard *= 1. - blob(vec3(0, mouth.y + .03, mouth.z), vec3(.24, .1, .5));
  return a * mix(vec3(1), vec3(.55, .58, .64), clamp(blood.w * beard, 0., .8));
}
void main() {
  vec4 c = texture(image, U); vec3 a = pow(c.rgb, vec3(2.2)) * tint;
  if (kind != 0 && (c.a < alpha.x || c.a >= alpha.y)) discard;
  vec3 n = normalize(N), v = normalize(eye_point - P); float shiny = shine, cloth = 0.;
  if (kind == 2 || kind == 3) { if (dot(n, v) < 0.) n = -n; a = tint * min(dot(pow(c.rgb, vec3(2.2)), vec3(.3, .59, .11)), 3.); }
  if (kind == 0) {
    a = blooded(a);
    cloth = 1. - smoothstep(-.02, .02, P.y - (neck.y - .66 * max(0., P.z - neck.z) + .35 * abs(P.x)));
    a = mix(a, shirt, cloth); shiny *= 1. - cloth;
    if (U.x > .77 && U.y < .14) { a *= vec3(.16, .11, .11); shiny = 0.; }  // the inside of the mouth
  }
  vec3 s = mix(ground, sky, n.y * .5 + .5) * a;
  vec3 wrap = kind == 0 ? vec3(.45, .25, .2) * (1. - cloth) + .1 : vec3(.2);
  for (int i = 0; i < 3; i++) {
    float d = dot(n, lights[i]);
    s += a * max((d + wrap) / ((1. + wrap) * (1. + wrap)), 0.) * colours[i];
    s += shiny * colours[i] * pow(max(dot(n, normalize(lights[i] + v)), 0.), gloss) * max(d, 0.);
  }
  if (kind == 4) s *= .85 * smoothstep(-.75, -.12, P.z - mouth.z);
  colour = vec4(pow(clamp(s, 0., 1.), vec3(1. / 2.2)), kind == 3 ? c.a : 1.);
}"""

BACK_VERTEX = """#version 330
in vec2 corner; out vec2 U; void main() { U = corner * .5 + .5; gl_Position = vec4(corner, .9999, 1); }"""
BACK_FRAGMENT = """#version 330
uniform vec3 top; uniform vec3 bottom; in vec2 U; out vec4 colour;
void main() { vec2 d = U - .5; colour = vec4(pow(mix(bottom, top, U.y) * (1. - .35 * dot(d, d)), vec3(1. / 2.2)), 1); }"""


class Renderer:
    """Holds one OpenGL context with meshes and textures; not safe to share between threads or processes."""

    def __init__(self, assets: data.Assets, size: int = 128, oversample: int = 2) -> None:
        self.assets, self.size, self.oversample = assets, size, oversample
        self.context = moderngl.create_standalone_context(backend="egl")
        self.program = self.context.program(VERTEX, FRAGMENT)
        self.back = self.context.program(BACK_VERTEX, BACK_FRAGMENT)
        pixels = size * oversample
        colour, depth = self.context.texture((pixels, pixels), 4), self.context.depth_renderbuffer((pixels, pixels))
        self.target = self.context.framebuffer([colour], depth)
        self.meshes = {"skin": Mesh(self, assets.skin)} | {k: Mesh(self, p.surface) for k, p in assets.proxies.items()}
        quad = self.context.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], "f4").tobytes())
        self.backdrop = self.context.vertex_array(self.back, [(quad, "2f", "corner")])
        self.textures: dict[str, tuple[moderngl.Texture, np.ndarray]] = {}

    def render(self, person: Person) -> Picture:
        """The picture of ``person``."""
        vertices = self._shape(person)
        self._aim(person, vertices)
        self.target.use()
        self.context.clear(depth=1.0)
        self.context.disable(moderngl.DEPTH_TEST | moderngl.BLEND)
        self.back["top"], self.back["bottom"] = person.background
        self.backdrop.render(moderngl.TRIANGLE_STRIP)
        self.context.enable(moderngl.DEPTH_TEST)
        texture, mean = self._skin_texture(person)
        tint = np.array(person.skin) / mean * EXPOSURE
        self._draw("skin", vertices, texture, SKIN, tint, shine=person.gloss, gloss=14.0)
        self._parts(person, vertices)
        pixels = self.size * self.oversample
        raw = np.frombuffer(self.target.read(components=3), np.uint8).reshape(pixels, pixels, 3)[::-1]
        blocks = raw.reshape(self.size, self.oversample, self.size, self.oversample, 3).astype(np.uint16)
        count = self.oversample**2
        return ((blocks.sum((1, 3)) + count // 2) // count).astype(np.uint8)

    def _parts(self, person: Person, vertices: np.ndarray) -> None:
        eye = Path(self.assets.proxies["eyes/HighPolyEyes"].texture).parent / f"{person.eye}_eye.png"
        iris = (0.66, 0.6, 0.54) if person.eye == "brown" else (0.85, 0.85, 0.85)
        self._proxy("eyes/HighPolyEyes", vertices, EYE, iris, str(eye), shine=0.25, gloss=120.0, alpha=(0.5, 9))
        self._proxy("teeth/Teeth_Base", vertices, MOUTH, (0.82, 0.78, 0.72), shine=0.06, gloss=40.0)
        self._proxy("tongue/tongue01", vertices, MOUTH, (0.6, 0.46, 0.46), shine=0.04, gloss=20.0)
        lashes = "Eyelashes01" if person.labels.gender == "man" else "eyelashes02"
        strands = [(f"eyebrows/{person.brow}", person.brow_colour), (f"eyelashes/{lashes}", None)]
        if person.hair:
            strands.append((f"hair/{person.hair}", person.hair_colour))
        for name, colour in strands:
            self._proxy(name, vertices, STRAND, self._dye(name, colour), gloss=12.0, alpha=(0.5, 9))
        self.context.enable(moderngl.BLEND)
        self.context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        self.target.depth_mask = False
        for name, colour in strands:
            self._proxy(name, vertices, STRAND_EDGE, self._dye(name, colour), shine=0.03, gloss=12.0, alpha=(0.02, 0.5))
        self.target.depth_mask = True
        self.context.disable(moderngl.BLEND)

    def _shape(self, person: Person) -> np.ndarray:
        """Vertices of the face: ancestry, gender, age and build, then identity, then expression."""
        vertices = self.assets.vertices.copy()
        gender = "male" if person.labels.gender == "man" else "female"
        old = np.clip((person.labels.age - 25) / 65, 0.0, 1.0)
        ages = {"young": 1 - old, "old": old}
        builds = [
            (f"{m}muscle-{w}weight", mv * wv)
            for m, mv in _thirds(person.muscle).items()
            for w, wv in _thirds(person.weight).items()
        ]
        for age, share in ages.items():
            for ancestry, part in person.mix.items():
                self._move(vertices, f"macro/{ancestry}-{gender}-{age}", share * part)
            for build, part in builds:
                self._move(vertices, f"macro/universal-{gender}-{age}-{build}", share * part)
        for name, weight in person.shape.items():
            self._move(vertices, f"local/{name}", weight)
        for name, weight in person.units.items():
            self._move(vertices, f"unit/{name}", weight)
        return vertices

    def _move(self, vertices: np.ndarray, name: str, weight: float) -> None:
        target = self.assets.targets.get(name)
        if target is None and not name.startswith("macro/"):
            raise KeyError(f"no morph target {name}: see models/demographics.yaml and models/emotions.yaml")
        if target is not None and weight:
            vertices[target.index] += np.float32(weight) * target.offset

    def _aim(self, person: Person, vertices: np.ndarray) -> None:
        """Camera, lights and the places on the face that the shader colours."""
        a = self.assets
        eyes, chin = vertices[np.r_[a.left_eye, a.right_eye]].mean(0), vertices[a.chin][:, 1].min()
        height = float(eyes[1] - chin)
        centre = np.array([0, eyes[1] * 0.55 + chin * 0.45 + 0.08, eyes[2] - 0.55])
        matrix, eye_point = _camera(person, centre, height)
        eye = vertices[a.left_eye].mean(0)
        lip = vertices[a.anchors["mouth"]]
        az = np.radians(person.light_angle)
        lights = np.array([[np.sin(az), 0.55, np.cos(az)], [-1.2 * np.sin(az), 0.1, 0.8], [0.3, 0.8, -1.0]])
        lights /= np.linalg.norm(lights, axis=1, keepdims=True)
        colours = np.array([np.array(person.light) * 1.08, [0.24, 0.27, 0.3], [0.33] * 3]) * person.key
        program = self.program
        program["camera"].write(matrix.T.astype("f4").tobytes())
        program["lights"].write(lights.astype("f4").tobytes())
        program["colours"].write(colours.astype("f4").tobytes())
        program["eye_point"], program["shirt"] = tuple(eye_point), person.shirt
        program["sky"], program["ground"] = tuple(np.array([0.4, 0.43, 0.47]) * person.key), (0.25, 0.215, 0.2)
        program["neck"] = (0.0, float(chin - 0.54 * height), float(eyes[2] - 0.8))
        program["mouth"] = tuple(float(x) for x in lip)
        program["cheek"] = (abs(float(eye[0])) + 0.06, float(eye[1] - 0.42 * height), float(eyes[2] + 0.05))
        program["under"] = (abs(float(eye[0])), float(eye[1] - 0.17), float(eyes[2] + 0.1))
        program["blood"] = (person.flush, person.pallor, person.shade, person.stubble)

    def _proxy(
        self,
        name: str,
        vertices: np.ndarray,
        kind: int,
        tint: tuple[float, ...] | np.ndarray,
        file: str | None = None,
        shine: float = 0.05,
        gloss: float = 20.0,
        alpha: tuple[float, float] = (0.0, 9.0),
    ) -> None:
        proxy = self.assets.proxies[name]
        hung = (vertices[proxy.reference] * proxy.weight[..., None]).sum(1) + proxy.offset
        self._draw(name, hung, self._texture(file or proxy.texture)[0], kind, tint, shine, gloss, alpha)

    def _draw(
        self,
        mesh: str,
        vertices: np.ndarray,
        texture: moderngl.Texture,
        kind: int,
        tint: tuple[float, ...] | np.ndarray,
        shine: float,
        gloss: float,
        alpha: tuple[float, float] = (0.0, 9.0),
    ) -> None:
        program = self.program
        texture.use(0)
        program["kind"], program["tint"] = kind, tuple(float(x) for x in tint)
        program["shine"], program["gloss"], program["alpha"] = shine, gloss, alpha
        self.meshes[mesh].render(vertices)

    def _dye(self, name: str, colour: tuple[float, ...] | None) -> np.ndarray:
        """The factor that gives a hair texture the mean colour wanted."""
        if colour is None:
            return np.full(3, 0.3)
        mean = float(self._texture(self.assets.proxies[name].texture)[1] @ (0.3, 0.59, 0.11))
        return np.array(colour) / (mean + 0.004)

    def _texture(self, file: str) -> tuple[moderngl.Texture, np.ndarray]:
        """A texture and its mean linear colour where it is opaque."""
        if file not in self.textures:
            image = Image.open(file).convert("RGBA").transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            if max(image.size) > 512:
                image = image.resize((512, 512), Image.Resampling.LANCZOS)
            pixels = np.asarray(image)
            solid = pixels[pixels[..., 3] > 128][:, :3]
            self.textures[file] = self._upload(pixels), linear(solid).mean(0)
        return self.textures[file]

    def _skin_texture(self, person: Person) -> tuple[moderngl.Texture, np.ndarray]:
        """The blended skin of an ethnicity, gender and decade, with its mean facial colour; kept for the next time."""
        labels = person.labels
        decade = min(8, (labels.age + 5) // 10)
        key = f"{labels.ethnicity}/{labels.gender}/{decade}"
        if key not in self.textures:
            pixels = self._blend_skin(looks().ethnicities[labels.ethnicity].mix, labels.gender, decade * 10)
            uv = (self.assets.face_uv * (HEAD_TEXTURE - 1)).round().astype(int)
            mean = linear(np.median(pixels[uv[:, 1], uv[:, 0]], axis=0))
            self.textures[key] = self._upload(pixels), mean
        return self.textures[key]

    def _blend_skin(self, mix: dict[str, float], gender: str, age: int) -> Picture:
        sex = "male" if gender == "man" else "female"
        at = float(np.interp(age, [25, 50, 75], [0, 1, 2]))
        total = np.zeros((HEAD_TEXTURE, HEAD_TEXTURE, 3), np.float32)
        for stage, name in enumerate(("young", "middleage", "old")):
            for ancestry, part in mix.items():
                share = part * max(0.0, 1 - abs(at - stage))
                if share:
                    image = Image.open(self.assets.skins[f"{name}_{ancestry}_{sex}"]).convert("RGB")
                    image = image.resize((HEAD_TEXTURE,) * 2, Image.Resampling.LANCZOS)
                    total += share * np.asarray(image.transpose(Image.Transpose.FLIP_TOP_BOTTOM), np.float32)
        wrinkles = 1.0 + 1.3 * max(0.0, (age - 40) / 40)
        if wrinkles > 1.0:  # deepen what the texture has: blur, and raise the ratio to it to a power
            grey = total @ np.array([0.3, 0.59, 0.11], np.float32) + 1.0
            soft = Image.fromarray(grey.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(9))
            ratio = np.clip(grey / (np.asarray(soft, np.float32) + 1.0), 0.6, 1.4)
            total *= (ratio ** (wrinkles - 1.0))[..., None]
        return np.asarray(total.clip(0, 255), np.uint8)

    def _upload(self, pixels: Picture) -> moderngl.Texture:
        texture = self.context.texture(pixels.shape[1::-1], pixels.shape[2], np.ascontiguousarray(pixels).tobytes())
        texture.build_mipmaps()
        texture.anisotropy = 4.0
        return texture


class Mesh:
    """A surface whose vertices move from picture to picture; corners and triangles stay on the card."""

    def __init__(self, renderer: Renderer, surface: data.Surface) -> None:
        self.surface = surface
        self.triangles = surface.vertex[surface.triangles]
        context = renderer.context
        uv = context.buffer(surface.uv.astype("f4").tobytes())
        index = context.buffer(surface.triangles.astype("i4").tobytes())
        self.moving = context.buffer(reserve=len(surface.vertex) * 24, dynamic=True)
        layout = [(self.moving, "3f 3f", "position", "normal"), (uv, "2f", "uv")]
        self.array = context.vertex_array(renderer.program, layout, index)

    def render(self, vertices: np.ndarray) -> None:
        corner = self.surface.vertex
        both = np.concatenate([vertices, _normals(vertices, self.triangles)], 1)[corner]
        self.moving.write(np.ascontiguousarray(both, "f4").tobytes())
        self.array.render()


def _normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros_like(vertices)
    for k in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(triangles[:, k], face[:, axis], len(vertices))
    return np.asarray(total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-9))


def _thirds(x: float) -> dict[str, float]:
    """0..1 as weights of MakeHuman's min, average and max shapes."""
    return {"min": max(0.0, 1 - 2 * x), "average": 1 - abs(2 * x - 1), "max": max(0.0, 2 * x - 1)}


def _camera(person: Person, centre: np.ndarray, height: float) -> tuple[np.ndarray, np.ndarray]:
    """Projection times view, and the camera's place. The head stays; the camera turns around it."""
    yaw, pitch, roll = np.radians(person.head)
    distance = 9.0 * height / 1.15
    away = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    place = centre + away * distance
    right = np.cross(-away, [0, 1, 0])
    right /= np.linalg.norm(right)
    up = np.cross(right, -away)
    right, up = right * np.cos(roll) + up * np.sin(roll), up * np.cos(roll) - right * np.sin(roll)
    view = np.eye(4)
    view[:3, :3] = right, up, away
    view[:3, 3] = -view[:3, :3] @ place
    focal, near, far = distance * person.zoom / (1.28 * height), distance * 0.5, distance * 1.6
    project = np.array([
        [focal, 0, person.shift[0], 0],
        [0, focal, person.shift[1], 0],
        [0, 0, -(far + near) / (far - near), -2 * far * near / (far - near)],
        [0, 0, -1, 0],
    ])  # fmt: skip
    return project @ view, place


def sheet(pictures: list[Picture], names: list[str], columns: int = 8) -> Image.Image:
    """Pictures in rows, each with a caption."""
    size = pictures[0].shape[0]
    page = Image.new("RGB", (columns * size, -(-len(pictures) // columns) * size))
    for i, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        at = (i % columns * size, i // columns * size)
        page.paste(Image.fromarray(picture), at)
        ImageDraw.Draw(page).text(
            (at[0] + 3, at[1] + 2), name, fill=(255, 255, 0), stroke_width=1, stroke_fill=(0, 0, 0)
        )
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    parser.add_argument("--sheet", type=Path, required=True, help="PNG to write")
    parser.add_argument("--random", action="store_true", help="48 people at random, not one picture an emotion")
    parser.add_argument("--intensity", default="plain")
    parser.add_argument("--ethnicity", default="latino")
    parser.add_argument("--gender", default="woman")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    renderer = Renderer(data.load(args.work), args.size)
    levels, emotions = list(looks().ethnicities), list(expressions())
    wanted = [Labels(args.ethnicity, 35, args.gender, e, args.intensity) for e in emotions]
    if args.random:
        wanted = [
            Labels(levels[i % 8], AGES[i // 8 % 7], GENDERS[(i + i // 8) % 2], str(rng.choice(emotions)), "plain")
            for i in range(56)
        ]
    names = [f"{w.ethnicity} {w.age}\n{w.emotion}" if args.random else w.emotion for w in wanted]
    pictures = [renderer.render(draw(w, rng if args.random else np.random.default_rng(args.seed))) for w in wanted]
    sheet(pictures, names).save(args.sheet)


if __name__ == "__main__":
    main()
