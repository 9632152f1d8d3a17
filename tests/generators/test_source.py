import hashlib
import json
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants, hf_api

from pipeline.errors import InputError
from tests.generators.conftest import make_attempts

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def copy(stable_diffusion, tmp_path) -> Path:
    """A folder of the tiny pipeline that a test may spoil."""
    return Path(shutil.copytree(stable_diffusion, tmp_path / "copy"))


@pytest.fixture
def offline_hub(monkeypatch, tmp_path) -> Path:
    """The Hugging Face cache, empty, and no network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


class _Hub(BaseHTTPRequestHandler):
    """Serves one repository as the hub does, or one error."""

    folder: Path
    error: tuple[int, str] | None = None

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _answer(self, with_body: bool) -> None:
        content = b"" if self.error else self._content(self.path.split("?")[0])
        status, code = self.error or (200, "")
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def _content(self, path: str) -> bytes:
        files = {file.relative_to(self.folder).as_posix(): file for file in self.folder.rglob("*") if file.is_file()}
        if "/tree/" in path:
            tree = [{"type": "file", "path": name, "oid": "0", "size": files[name].stat().st_size} for name in files]
            return json.dumps(tree).encode()
        if path.startswith("/api/models/"):
            siblings = [{"rfilename": name} for name in files]
            return json.dumps({"id": "acme/faces", "sha": COMMIT, "siblings": siblings}).encode()
        return files[path.partition(f"/resolve/{COMMIT}/")[2]].read_bytes()


@pytest.fixture
def hub(monkeypatch, tmp_path, copy) -> Iterator[type[_Hub]]:
    """A hub on this machine that has the tiny pipeline as acme/faces."""
    handler = type("Hub", (_Hub,), {"folder": copy})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(hf_api.api, "endpoint", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    yield handler
    server.shutdown()
    server.server_close()


def change_index(folder: Path, **changes: object) -> None:
    path = folder / "model_index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_missing_folder_is_named_with_its_nearest_neighbour(copy, load):
    with pytest.raises(InputError, match=r"^generator\.model: no folder .*cop'; did you mean .*copy'"):
        load(str(copy)[:-1])
    with pytest.raises(InputError, match="no folder 'bundeld'; did you mean 'bundled'"):
        load("bundeld")


def test_a_hub_model_that_is_not_cached_says_offline_at_once_what_to_type(offline_hub, load):
    began = time.monotonic()
    with pytest.raises(
        InputError, match=r"the hub cannot be reached; .* hf download acme/faces --revision v2, or"
    ) as caught:
        load("acme/faces", revision="v2")
    assert time.monotonic() - began < 3
    assert "\n" not in str(caught.value)


def test_a_cached_hub_model_loads_offline_and_its_recipe_has_the_commit(offline_hub, stable_diffusion, load):
    repository = offline_hub / "models--acme--faces"
    shutil.copytree(stable_diffusion, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)

    generator = load("acme/faces")

    assert generator.recipe["model"] == "acme/faces"
    assert generator.recipe["revision"] == COMMIT
    assert len(generator.generate(make_attempts(1))) == 1
    with pytest.raises(InputError, match="'acme/faces' at revision 'v9' is no folder"):
        load("acme/faces", revision="v9")


def test_a_hub_model_whose_weights_are_not_cached_says_offline_what_to_type(offline_hub, stable_diffusion, load):
    snapshot = offline_hub / "models--acme--faces" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    shutil.copy(stable_diffusion / "model_index.json", snapshot)
    with pytest.raises(InputError, match=r"'acme/faces' is not complete .* hf download acme/faces"):
        load("acme/faces", revision=COMMIT)


def test_a_hub_model_is_downloaded_and_its_recipe_has_the_commit(hub, load):
    generator = load("acme/faces")
    assert generator.recipe["revision"] == COMMIT
    assert len(generator.generate(make_attempts(1))) == 1


def test_pickled_weights_on_the_hub_are_refused_before_they_are_downloaded(hub, tmp_path, load):
    weights = hub.folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(InputError, match="only pickled weights"):
        load("acme/faces")
    assert [file.name for file in (tmp_path / "hub").rglob("snapshots/*/*")] == ["model_index.json"]


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "GatedRepo", r"'acme/faces' is gated: accept its terms at .* hf auth login"),
        (404, "RevisionNotFound", r"generator\.revision: 'acme/faces' has no revision 'v2'"),
        (404, "RepoNotFound", r"no folder and no hub model 'acme/faces'"),
    ],
)
def test_what_the_hub_refuses_is_one_line(status, code, message, hub, load):
    hub.error = (status, code)
    with pytest.raises(InputError, match=message) as caught:
        load("acme/faces", revision="v2")
    assert "\n" not in str(caught.value)


def test_the_revision_of_a_folder_changes_with_its_weights_and_not_with_its_place(stable_diffusion, copy, load):
    assert load(copy).recipe["revision"] == load(stable_diffusion).recipe["revision"]
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert load(copy).recipe["revision"] != load(stable_diffusion).recipe["revision"]


def test_a_folder_has_no_revisions(stable_diffusion, load):
    with pytest.raises(InputError, match=r"generator\.revision: only hub models have revisions"):
        load(stable_diffusion, revision="main")


def test_a_folder_without_an_index_is_no_pipeline(tmp_path, load):
    (tmp_path / "weights.safetensors").touch()
    with pytest.raises(InputError, match=r"holds no model_index\.json"):
        load(tmp_path)
    with pytest.raises(InputError, match="is a single file"):
        load(tmp_path / "weights.safetensors")


def test_a_spoiled_index_is_refused(copy, load):
    (copy / "model_index.json").write_text("{")
    with pytest.raises(InputError, match=r"the model_index\.json of .* cannot be read"):
        load(copy)


def test_pickled_weights_are_refused_unread(copy, load):
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(InputError, match=r"only pickled weights .* for its 'unet'.* safe_serialization=True"):
        load(copy)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"_class_name": ["my_pipeline", "MyPipeline"]}, "pipeline class"),
        ({"unet": ["my_unet", "MyUNet"]}, "component 'unet'"),
        ({"unet": ["diffusers_modules.local.my_unet", "MyUNet"]}, "component 'unet'"),
    ],
)
def test_code_that_comes_with_a_model_is_refused_unread(changes, part, copy, load):
    change_index(copy, **changes)
    for place in (copy, copy / "unet"):
        for name in ("my_pipeline.py", "my_unet.py"):
            (place / name).write_text("raise SystemExit('ran foreign code')")
    with pytest.raises(InputError, match=f"brings code of its own for its {part}"):
        load(copy)


def test_a_class_that_diffusers_lacks_is_named(copy, load):
    change_index(copy, _class_name="StableDiffusion9Pipeline")
    with pytest.raises(InputError, match=r"is a StableDiffusion9Pipeline, which diffusers .* does not have"):
        load(copy)


def test_a_pipeline_that_needs_more_than_text_is_refused(copy, load):
    for name in ("StableDiffusionImg2ImgPipeline", "DDPMPipeline", "AnimateDiffPipeline"):
        change_index(copy, _class_name=name)
        with pytest.raises(InputError, match=f"is a {name}, which .*; choose a text-to-image model"):
            load(copy)


def test_a_model_that_was_saved_without_an_encoder_loads(stable_diffusion_3, tmp_path, load):
    folder = Path(shutil.copytree(stable_diffusion_3, tmp_path / "without-t5"))
    change_index(folder, text_encoder_3=[None, None], tokenizer_3=[None, None])
    for part in ("text_encoder_3", "tokenizer_3"):
        shutil.rmtree(folder / part)
    generator = load(folder)
    assert generator.pipeline.text_encoder_3 is None
    assert generator.recipe["pipeline"] == "StableDiffusion3Pipeline"


def test_an_unknown_variant_names_those_there_are(copy, load):
    with pytest.raises(InputError, match=r"generator\.variant: .* no weights of variant 'fp16' \(it has: none"):
        load(copy, variant="fp16")
    for weights in copy.rglob("*.safetensors"):
        weights.rename(weights.with_name(weights.name.replace(".safetensors", ".fp16.safetensors")))
    with pytest.raises(InputError, match=r"variant 'fp61'; did you mean 'fp16'\? \(it has: fp16\)"):
        load(copy, variant="fp61")
    assert load(copy, variant="fp16").recipe["variant"] == "fp16"


def test_damaged_weights_are_one_line(copy, load):
    weights = copy / "vae" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(InputError, match=r"generator\.model: .* cannot be loaded") as caught:
        load(copy)
    assert "\n" not in str(caught.value)
