#!/usr/bin/python3
"""Conformance data for the engine: training semantics, computed with PyTorch (CPU).

usage: gen.py [SEED [OUT_DIR]] [--only GROUPS]

One .safetensors file per case (F32 and I32 tensors, metadata in __metadata__) and an index.json.
Inputs are float32; results are computed in float64 from them and rounded to float32.
Other seeds give other numbers for the same shapes. See README.md for names and layouts.
"""
import argparse, hashlib, json, math, os, struct, warnings
import numpy as np
import torch
warnings.filterwarnings("ignore")

DEFAULT_SEED, DEFAULT_OUT = 1, "torch"  # a folder where you are; see ../README.md for how it is packed


def rnn_all(out):
    for cell in ("rnn", "lstm", "gru"):
        for task in ("mse", "ce"):
            rnn_case(out, cell, task, 1, 1, 2, 2)               # one step, hand-checkable
            rnn_case(out, cell, task, 5, 3, 4, 8)
            rnn_case(out, cell, task, 12, 2, 5, 31, O=6)        # odd hidden size
            rnn_case(out, cell, task, 3, 9, 66, 64, O=4)        # one above / at a power of two
            rnn_case(out, cell, task, 40, 1, 2, 5)              # long
            rnn_case(out, cell, task, 6, 3, 4, 10, L=2)
            rnn_case(out, cell, task, 5, 2, 4, 9, bi=True)
            rnn_case(out, cell, task, 4, 2, 3, 5, L=2, bi=True)
            rnn_case(out, cell, task, 6, 4, 3, 9, varlen=True)
            rnn_case(out, cell, task, 5, 3, 4, 6, bi=True, varlen=True)
    rnn_case(out, "rnn", "mse", 4, 2, 3, 5, bias=False)
    rnn_case(out, "lstm", "mse", 4, 2, 3, 5, bias=False)
    rnn_case(out, "gru", "mse", 4, 2, 3, 5, bias=False)
    rnn_case(out, "rnn", "mse", 5, 2, 4, 9, nonlinearity="relu")


def tbptt_all(out):
    for cell in ("rnn", "lstm", "gru"):
        tbptt_case(out, cell, 4, 2, 3, 9)
        tbptt_case(out, cell, 8, 3, 5, 16)


def spectral_all(out):
    for s in (0.5, 1.0, 1.5):
        spectral_case(out, 8, 20, 2, 2, s)
        spectral_case(out, 31, 40, 2, 4, s)


def conv_all(out):
    conv_case(out, 1, 1, 3, 4, 1, (2, 2), label="hand-checkable")
    conv_case(out, 2, 3, 8, 10, 4, (3, 3))
    conv_case(out, 2, 3, 8, 10, 4, (3, 3), bias=False)
    conv_case(out, 1, 4, 11, 9, 6, (3, 3), p=(1, 1), label="same size")
    conv_case(out, 3, 6, 4, 5, 9, (1, 1), label="1x1")
    conv_case(out, 1, 5, 7, 8, 4, (1, 1), s=(2, 3), label="1x1 strided")
    conv_case(out, 2, 2, 12, 10, 3, (4, 3), s=(3, 2), p=(1, 2))
    conv_case(out, 1, 2, 12, 13, 3, (3, 3), p=(2, 2), d=(2, 2), label="dilated")
    conv_case(out, 1, 3, 13, 12, 2, (2, 3), s=(2, 2), p=(1, 2), d=(3, 2), label="stride and dilation")
    conv_case(out, 2, 6, 8, 7, 6, (3, 3), p=(1, 1), groups=6, label="depthwise")
    conv_case(out, 1, 4, 9, 6, 8, (5, 3), s=(2, 1), p=(2, 1), groups=4, label="depthwise, multiplier 2")
    conv_case(out, 2, 4, 7, 9, 6, (3, 3), p=(1, 0), groups=2, label="groups")
    conv_case(out, 1, 2, 4, 9, 3, (4, 9), label="kernel as big as input")
    conv_case(out, 2, 1, 6, 6, 3, (2, 2), s=(2, 2), p=(1, 1), label="even kernel")
    conv_case(out, 1, 17, 10, 10, 34, (3, 3), s=(2, 2), p=(1, 1))
    conv_case(out, 1, 3, 28, 28, 8, (5, 5), p=(2, 2))


def pool_all(out):
    for ties in (False, True):
        pool_case(out, "max", 2, 2, 6, 8, (2, 2), ties=ties)
        pool_case(out, "max", 1, 2, 9, 8, (3, 3), s=(2, 2), p=(1, 1), ties=ties)
        pool_case(out, "max", 1, 2, 5, 7, (3, 3), s=(1, 1), p=(1, 1), ties=ties)
        pool_case(out, "max", 1, 2, 7, 7, (2, 3), s=(2, 2), ceil=True, ties=ties)
        pool_case(out, "max", 1, 1, 10, 9, (3, 3), s=(2, 2), p=(1, 1), d=(2, 2), ties=ties)
    pool_case(out, "max", 2, 3, 4, 6, (4, 6))
    for cip in (True, False):
        pool_case(out, "avg", 2, 2, 6, 8, (2, 2), cip=cip)
        pool_case(out, "avg", 1, 2, 9, 8, (3, 3), s=(2, 2), p=(1, 1), cip=cip)
        pool_case(out, "avg", 1, 2, 6, 7, (3, 3), s=(2, 2), p=(1, 1), ceil=True, cip=cip)
    pool_case(out, "avg", 1, 2, 9, 8, (3, 3), s=(2, 2), p=(1, 1), divisor=4)
    pool_case(out, "avg", 2, 3, 4, 6, (4, 6))
    for norm in (1, 2, 3):
        pool_case(out, "lp", 1, 2, 6, 8, (2, 2), norm=norm)
    pool_case(out, "lp", 1, 2, 9, 8, (3, 3), s=(2, 2), norm=2)
    pool_case(out, "lp", 1, 2, 6, 8, (3, 3), s=(2, 2), ceil=True, norm=2)


def maxout_all(out):
    maxout_case(out, (4, 12), 3)
    maxout_case(out, (2, 8, 4, 5), 2)
    maxout_case(out, (3, 10), 5, ties=True)
    maxout_case(out, (2, 6, 3, 2), 3, ties=True)


def loss_all(out):
    ce_case(out, (4, 3)); ce_case(out, (6, 10), "sum"); ce_case(out, (6, 10), "none")
    ce_case(out, (6, 4), weight=True); ce_case(out, (12, 4), ignore=-1); ce_case(out, (12, 4), ignore=2, weight=True)
    ce_case(out, (6, 4), smoothing=0.2); ce_case(out, (6, 16), scale=200.0); ce_case(out, (2, 4, 3, 2)); ce_case(out, (6, 4), prob=True)


def clip_all(out):
    sh = [(8, 4), (8, 8), (8,), (2, 1)]
    for mx, nt, sc in ((1.0, 2, 1.0), (1.0, 2, 1e-2), (2.0, 2, 50.0), (0.5, "inf", 1.0), (1.0, 2, 0.0)):
        clip_case(out, sh, mx, nt, sc)


def optim_all(out):
    sh = [(5, 4), (9,), (2, 1, 2, 2)]
    for label, opt, kw in (
            ("plain", "SGD", dict(lr=0.05)), ("wd", "SGD", dict(lr=0.1, weight_decay=0.05)),
            ("momentum", "SGD", dict(lr=0.05, momentum=0.9)), ("nesterov", "SGD", dict(lr=0.05, momentum=0.8, nesterov=True)),
            ("default", "Adam", dict(lr=2e-3)), ("eps", "Adam", dict(lr=0.01, betas=(0.85, 0.99), eps=1e-4)), ("wd", "Adam", dict(lr=0.02, weight_decay=0.05)),
            ("default", "AdamW", dict(lr=2e-3)), ("wd", "AdamW", dict(lr=0.02, weight_decay=0.2)),
            ("default", "RMSprop", dict(lr=5e-3)), ("momentum", "RMSprop", dict(lr=5e-3, alpha=0.95, momentum=0.8)),
            ("centered", "RMSprop", dict(lr=5e-3, centered=True))):
        optim_case(out, opt, kw, sh, label=label)


def train_all(out):
    for cell in ("rnn", "lstm", "gru"):
        train_rnn_case(out, cell, 10, 2, 6, 12, "SGD", dict(lr=0.3))
        train_rnn_case(out, cell, 8, 3, 4, 16, "Adam", dict(lr=0.02))
    train_conv_case(out, 4, 12, 4, 6, 3, "SGD", dict(lr=0.05, momentum=0.9), "max")
    train_conv_case(out, 4, 14, 3, 5, 4, "Adam", dict(lr=5e-3), "avg")


CASES = [("rnn", rnn_all), ("tbptt", tbptt_all), ("spectral", spectral_all), ("conv2d", conv_all), ("pool2d", pool_all),
         ("maxout", maxout_all), ("loss", loss_all), ("clip", clip_all), ("optim", optim_all), ("train", train_all)]

# ------------------------------------------------------------------ safetensors and case machinery
def save_safetensors(path, tensors, meta):
    """8-byte little-endian header length, JSON header (space padded to 8 bytes), raw data"""
    head, blobs, off = {"__metadata__": {k: v if isinstance(v, str) else json.dumps(v) for k, v in meta.items()}}, [], 0
    for name, t in tensors.items():
        a = t.detach().cpu().contiguous().numpy()
        if a.dtype.kind == "f":
            a, dt = a.astype("<f4"), "F32"
        else:
            a, dt = a.astype("<i4"), "I32"
        raw = a.tobytes()
        head[name] = {"dtype": dt, "shape": list(a.shape), "data_offsets": [off, off + len(raw)]}
        blobs.append(raw)
        off += len(raw)
    h = json.dumps(head, separators=(",", ":")).encode()
    h += b" " * (-len(h) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(h)) + h + b"".join(blobs))


def load_safetensors(path):
    b = open(path, "rb").read()
    n = struct.unpack("<Q", b[:8])[0]
    head = json.loads(b[8:8 + n])
    out = {}
    for k, v in head.items():
        if k == "__metadata__":
            continue
        a, e = v["data_offsets"]
        out[k] = np.frombuffer(b[8 + n + a:8 + n + e], {"F32": "<f4", "I32": "<i4"}[v["dtype"]]).reshape(v["shape"])
    return out, head.get("__metadata__", {})


class Gen:
    """seeded inputs of one case; every case has its own stream, derived from seed and name"""
    def __init__(self, seed, name):
        d = hashlib.sha256(("%d:%s" % (seed, name)).encode()).digest()
        self.g = torch.Generator().manual_seed(int.from_bytes(d[:7], "little"))

    def normal(self, *s, std=1.0):
        return torch.randn(*s, generator=self.g) * std

    def uniform(self, *s, k=1.0):
        return (torch.rand(*s, generator=self.g) * 2 - 1) * k

    def ints(self, lo, hi, *s):
        return torch.randint(lo, hi, s, generator=self.g)


class Out:
    def __init__(self, root, seed):
        self.root, self.seed, self.index = root, seed, []

    def case(self, group, name, meta, inputs, compute):
        """inputs: dict of float32/int tensors. compute(dict in one float dtype) -> dict of results.
        Stored results are the float64 ones rounded to float32; float32_error tells how far the
        same torch code in float32 is away from them (largest absolute difference per tensor)."""
        def cast(dt):
            return {k: (v.to(dt).clone().requires_grad_(False) if v.is_floating_point() else v.clone())
                    for k, v in inputs.items()}
        ref = compute(cast(torch.float64))
        low = compute(cast(torch.float32))
        err = {}
        for k, v in ref.items():
            if not v.is_floating_point():
                assert torch.equal(v, low[k]), (name, k)
                continue
            assert torch.isfinite(v).all(), (name, k)
            err[k] = float("%.3g" % ((v - low[k].double()).abs().max().item() if v.numel() else 0.0))
        assert not set(ref) & set(inputs), name
        meta = {"case": name, "group": group, "seed": self.seed, "inputs": list(inputs), "outputs": list(ref),
                **meta, "float32_error": err}
        d = os.path.join(self.root, group)
        os.makedirs(d, exist_ok=True)
        path = os.path.join(d, name + ".safetensors")
        save_safetensors(path, {**inputs, **ref}, meta)
        self.index.append({"file": "%s/%s.safetensors" % (group, name),
                           "bytes": os.path.getsize(path), **{k: v for k, v in meta.items()},
                           "shapes": {k: list(v.shape) for k, v in {**inputs, **ref}.items()}})


def leaves(d, names):
    for n in names:
        d[n] = d[n].detach().clone().requires_grad_(True)
    return d


def grads(d, names):
    assert all(d[n].grad is not None for n in names)
    return {"grad." + n: d[n].grad for n in names}


def tag(**k):
    return "_".join("%s%s" % (a, str(b).replace(".", "p")) for a, b in k.items())


# ------------------------------------------------------------------ recurrent networks
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
GATE_ORDER = {"rnn": "h", "gru": "r,z,n", "lstm": "i,f,g,o"}


def rnn_params(g, cell, I, H, L, bi, bias=True):
    p, k = {}, 1 / math.sqrt(H)
    for l in range(L):
        for suf in ([""] if not bi else ["", "_reverse"]):
            n = I if l == 0 else H * (2 if bi else 1)
            p["weight_ih_l%d%s" % (l, suf)] = g.uniform(GATES[cell] * H, n, k=k)
            p["weight_hh_l%d%s" % (l, suf)] = g.uniform(GATES[cell] * H, H, k=k)
            if bias:
                p["bias_ih_l%d%s" % (l, suf)] = g.uniform(GATES[cell] * H, k=k)
                p["bias_hh_l%d%s" % (l, suf)] = g.uniform(GATES[cell] * H, k=k)
    return p


def run_rnn(cell, d, I, H, L, bi, bias=True, x="x", h0="h0", c0="c0", lengths=None, nonlinearity="tanh"):
    """runs nn.RNN/GRU/LSTM with the tensors of d as parameters (gradients reach d)"""
    mod = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell]
    kw = {"nonlinearity": nonlinearity} if cell == "rnn" else {}
    m = mod(I, H, num_layers=L, bidirectional=bi, bias=bias, **kw).to(d[x].dtype)
    for n, _ in list(m.named_parameters()):
        delattr(m, n)
        setattr(m, n, d[n])
    m._flat_weights = [getattr(m, n) for n in m._flat_weights_names]
    seq = d[x]
    if lengths is not None:
        seq = torch.nn.utils.rnn.pack_padded_sequence(seq, lengths, enforce_sorted=False)
    y, s = m(seq, (d[h0], d[c0]) if cell == "lstm" else d[h0])
    if lengths is not None:
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=d[x].shape[0])
    hn, cn = s if cell == "lstm" else (s, None)
    return y, hn, cn


def rnn_case(out, cell, task, T, B, I, H, L=1, bi=False, varlen=False, bias=True, O=3, nonlinearity="tanh"):
    name = "%s_%s_%s" % (cell if nonlinearity == "tanh" else cell + "_" + nonlinearity, task, tag(T=T, B=B, I=I, H=H, L=L))
    name += "_bi" * bi + "_varlen" * varlen + "_nobias" * (not bias)
    g, D = Gen(out.seed, name), 2 if bi else 1
    p = rnn_params(g, cell, I, H, L, bi, bias)
    p["head.weight"], p["head.bias"] = g.uniform(O, D * H, k=1 / math.sqrt(D * H)), g.uniform(O, k=0.1)
    inp = {"x": g.normal(T, B, I), "h0": g.normal(L * D, B, H, std=0.5)}
    if cell == "lstm":
        inp["c0"] = g.normal(L * D, B, H, std=0.5)
    wrt = list(inp) + list(p)
    inp.update(p)
    if varlen:
        ln = g.ints(1, T + 1, B)
        ln[g.ints(0, B, 1)] = T
        if B > 1:
            ln[(int(torch.argmax(ln)) + 1) % B] = 1
        inp["lengths"] = ln
    if task == "mse":
        inp["target"] = g.normal(T, B, O)
    else:
        inp["label"] = g.ints(0, O, B)

    def f(d):
        leaves(d, wrt)
        ln = d.get("lengths")
        y, hn, cn = run_rnn(cell, d, I, H, L, bi, bias, lengths=ln, nonlinearity=nonlinearity)
        r = {"y": y, "hn": hn}
        if cn is not None:
            r["cn"] = cn
        if task == "mse":
            pred = torch.nn.functional.linear(y, d["head.weight"], d["head.bias"])
            e = (pred - d["target"]) ** 2
            if ln is not None:
                m = (torch.arange(T)[:, None] < ln[None]).to(e.dtype)[:, :, None]
                loss = (e * m).sum() / (m.sum() * O)
            else:
                loss = e.mean()
            r["pred"] = pred
        else:
            last = torch.cat([hn[-2], hn[-1]], 1) if bi else hn[-1]
            r["logits"] = torch.nn.functional.linear(last, d["head.weight"], d["head.bias"])
            loss = torch.nn.functional.cross_entropy(r["logits"], d["label"])
        loss.backward()
        r["loss"] = loss
        r.update(grads(d, wrt))
        return r
    out.case("rnn", name, {"cell": cell, "task": task, "T": T, "B": B, "I": I, "H": H, "O": O, "layers": L,
                           "bidirectional": bi, "bias": bias, "variable_lengths": varlen, "nonlinearity": nonlinearity,
                           "gate_order": GATE_ORDER[cell],
                           "loss_rule": ("mean over valid (t,b) and O of (pred-target)^2" if task == "mse" else
                                         "mean over B of cross entropy of logits from the final hidden state of the last layer")},
             inp, f)


def tbptt_case(out, cell, K, B, I, H, O=3, windows=2):
    name = "%s_tbptt_%s" % (cell, tag(K=K, W=windows, B=B, I=I, H=H))
    g = Gen(out.seed, name)
    T = K * windows
    p = rnn_params(g, cell, I, H, 1, False)
    p["head.weight"], p["head.bias"] = g.uniform(O, H, k=1 / math.sqrt(H)), g.uniform(O, k=0.1)
    inp = {"x": g.normal(T, B, I), "h0": g.normal(1, B, H, std=0.5)}
    if cell == "lstm":
        inp["c0"] = g.normal(1, B, H, std=0.5)
    inp.update(p)
    inp["target"] = g.normal(T, B, O)

    def f(d):
        r, tot = {}, {}
        h, c = d["h0"], d.get("c0")
        for w in range(windows):
            e = leaves({k: d[k] for k in p}, list(p))
            e["x"] = d["x"][w * K:(w + 1) * K].clone().requires_grad_(True)
            e["h0"] = h.detach().clone().requires_grad_(True)
            if cell == "lstm":
                e["c0"] = c.detach().clone().requires_grad_(True)
            y, h, c = run_rnn(cell, e, I, H, 1, False)
            loss = ((torch.nn.functional.linear(y, e["head.weight"], e["head.bias"]) - d["target"][w * K:(w + 1) * K]) ** 2).mean()
            loss.backward()
            r["window%d.loss" % w] = loss
            r["window%d.hn" % w] = h
            for k, v in grads(e, list(p) + ["x", "h0"] + (["c0"] if cell == "lstm" else [])).items():
                r["window%d.%s" % (w, k)] = v
                if k[5:] in p:
                    tot[k] = tot.get(k, 0) + v
        for k, v in tot.items():
            r["sum." + k] = v
        full = leaves(dict(d), list(p) + ["x", "h0"])
        y, _, _ = run_rnn(cell, full, I, H, 1, False)
        sq = (torch.nn.functional.linear(y, full["head.weight"], full["head.bias"]) - d["target"]) ** 2
        loss = sum(sq[w * K:(w + 1) * K].mean() for w in range(windows))
        loss.backward()
        r["full.loss"] = loss
        for k, v in grads(full, list(p) + ["x", "h0"]).items():
            r["full." + k] = v
        return r
    out.case("tbptt", name, {"cell": cell, "window": K, "windows": windows, "B": B, "I": I, "H": H, "O": O,
                             "gate_order": GATE_ORDER[cell],
                             "loss_rule": "per window: mean over window, B, O of (head(y)-target)^2; state carried over, detached; "
                                          "sum.* adds the windows' gradients; full.* is ordinary BPTT of the sum of the window losses"},
             inp, f)


def spectral_case(out, H, T, B, I, sigma):
    name = "spectral_" + tag(H=H, T=T, B=B, I=I, sigma=sigma)
    g = Gen(out.seed, name)
    W = g.normal(H, H).double()
    W = (W * (sigma / torch.linalg.svdvals(W)[0])).float()
    inp = {"weight_ih_l0": g.uniform(H, I, k=0.3), "weight_hh_l0": W, "bias_ih_l0": g.uniform(H, k=0.05),
           "bias_hh_l0": torch.zeros(H), "x": g.normal(T, B, I, std=0.1), "h0": torch.zeros(1, B, H),
           "target": g.uniform(B, H, k=0.5), "u0": torch.nn.functional.normalize(g.normal(H), dim=0)}

    def f(d):
        Wd = d["weight_hh_l0"]
        h, hs = d["h0"][0].clone().requires_grad_(True), []
        h_init = h
        for t in range(T):
            h = torch.tanh(d["x"][t] @ d["weight_ih_l0"].T + d["bias_ih_l0"] + d["bias_hh_l0"] + h @ Wd.T)
            h.retain_grad()
            hs.append(h)
        loss = 0.5 * ((h - d["target"]) ** 2).sum()
        loss.backward()
        gh = torch.stack([q.grad for q in hs])
        U, S, Vh = torch.linalg.svd(Wd)
        r = {"y": torch.stack([q.detach() for q in hs]), "loss": loss, "grad.h": gh, "grad.h0": h_init.grad[None],
             "grad_norm_h": gh.flatten(1).norm(dim=1), "grad_norm_h_per_sample": gh.norm(dim=2),
             "singular_values": S, "spectral_norm": S[0], "grad_spectral_norm": torch.outer(U[:, 0], Vh[0]),
             "spectral_radius": torch.linalg.eigvals(Wd).abs().max(),
             "frobenius_norm": Wd.norm()}
        u = d["u0"]
        for it in range(1, 51):
            v = torch.nn.functional.normalize(Wd.T @ u, dim=0)
            u = torch.nn.functional.normalize(Wd @ v, dim=0)
            if it in (1, 5, 50):
                r["power_iteration_%d" % it] = u @ (Wd @ v)
        return r
    out.case("spectral", name, {"H": H, "T": T, "B": B, "I": I, "sigma_max": sigma,
                                "loss_rule": "0.5 * sum((h_T - target)^2)",
                                "power_iteration": "v = normalize(W^T u); u = normalize(W v); sigma = u^T W v, starting from u0"}, inp, f)


# ------------------------------------------------------------------ convolution, pooling, maxout
def conv_case(out, N, C, H, W, O, k, s=(1, 1), p=(0, 0), d=(1, 1), groups=1, bias=True, label=""):
    name = "conv2d_" + tag(N=N, C=C, H=H, W=W, O=O, k="%dx%d" % k, s="%dx%d" % s, p="%dx%d" % p, d="%dx%d" % d, g=groups) + "_nobias" * (not bias)
    g = Gen(out.seed, name)
    kk = 1 / math.sqrt(C // groups * k[0] * k[1])
    inp = {"x": g.normal(N, C, H, W), "w": g.uniform(O, C // groups, *k, k=kk)}
    if bias:
        inp["b"] = g.uniform(O, k=kk)
    with torch.no_grad():
        shp = torch.nn.functional.conv2d(inp["x"], inp["w"], inp.get("b"), s, p, d, groups).shape
    inp["grad_y"] = g.normal(*shp)
    wrt = [n for n in ("x", "w", "b") if n in inp]

    def f(t):
        leaves(t, wrt)
        y = torch.nn.functional.conv2d(t["x"], t["w"], t.get("b"), s, p, d, groups)
        y.backward(t["grad_y"])
        return {"y": y, **grads(t, wrt)}
    out.case("conv2d", name, {"stride": s, "padding": p, "dilation": d, "groups": groups, "kernel": k, "label": label,
                              "layout": "x,y NCHW; w [O, C/groups, KH, KW]"}, inp, f)


def pool_case(out, kind, N, C, H, W, k, s=None, p=(0, 0), d=(1, 1), ceil=False, cip=True, ties=False, norm=2, divisor=None):
    s = s or k
    name = "%s_" % kind + tag(N=N, C=C, H=H, W=W, k="%dx%d" % k, s="%dx%d" % s, p="%dx%d" % p)
    name += ("_d%dx%d" % d) * (d != (1, 1)) + "_ceil" * ceil + "_ties" * ties
    name += "_nopadcount" * (kind == "avg" and not cip) + ("_div%s" % divisor) * bool(divisor) + ("_norm%s" % norm) * (kind == "lp")
    g = Gen(out.seed, name)
    x = g.ints(-2, 3, N, C, H, W).float() if ties else g.normal(N, C, H, W)
    if kind == "lp" and norm % 2:
        x = x.abs() + 0.01
    inp = {"x": x}
    F = torch.nn.functional

    def run(x):
        if kind == "max":
            return F.max_pool2d(x, k, s, p, d, ceil, return_indices=True)
        if kind == "avg":
            return F.avg_pool2d(x, k, s, p, ceil, cip, divisor), None
        return F.lp_pool2d(x, float(norm), k, s, ceil), None
    inp["grad_y"] = g.normal(*run(x)[0].shape)

    def f(t):
        leaves(t, ["x"])
        y, ix = run(t["x"])
        y.backward(t["grad_y"])
        r = {"y": y, **grads(t, ["x"])}
        if ix is not None:
            r["indices"] = ix
        return r
    out.case("pool2d", name, {"kind": kind, "kernel": k, "stride": s, "padding": p, "dilation": d, "ceil_mode": ceil,
                              "count_include_pad": cip, "divisor_override": divisor, "norm": norm, "ties": ties,
                              "layout": "NCHW; indices are iy*W+ix inside one plane"}, inp, f)


def maxout_case(out, shape, k, ties=False):
    name = "maxout_" + "x".join(map(str, shape)) + "_k%d" % k + "_ties" * ties
    g = Gen(out.seed, name)
    x = g.ints(-1, 2, *shape).float() if ties else g.normal(*shape)
    oshape = (shape[0], shape[1] // k) + tuple(shape[2:])
    inp = {"x": x, "grad_y": g.normal(*oshape)}

    def f(t):
        leaves(t, ["x"])
        y, ix = t["x"].view(shape[0], shape[1] // k, k, *shape[2:]).max(2)
        y.backward(t["grad_y"])
        return {"y": y, "indices": ix, **grads(t, ["x"])}
    out.case("maxout", name, {"pieces": k, "rule": "y[n,c] = max over j of x[n, c*pieces + j]; indices = first winning j", "ties": ties}, inp, f)


# ------------------------------------------------------------------ losses, clipping, optimisers
def ce_case(out, shape, reduction="mean", weight=False, ignore=None, smoothing=0.0, scale=1.0, prob=False):
    name = "ce_" + "x".join(map(str, shape)) + "_" + reduction + "_weight" * weight + "_ignore" * (ignore is not None)
    name += ("_smooth%g" % smoothing).replace(".", "p") * bool(smoothing) + ("_scale%g" % scale) * (scale != 1) + "_prob" * prob
    g = Gen(out.seed, name)
    C = shape[1]
    inp = {"logits": g.normal(*shape, std=scale)}
    lshape = (shape[0],) + tuple(shape[2:])
    if prob:
        inp["target"] = torch.softmax(g.normal(*shape), 1)
    else:
        l = g.ints(0, C, *lshape)
        if ignore is not None:
            m = g.ints(0, 3, *lshape) == 0
            m.view(-1)[0] = False
            l[m] = ignore
        inp["label"] = l
    if weight:
        inp["class_weight"] = torch.rand(C, generator=g.g) + 0.25
    if reduction == "none":
        inp["grad_loss"] = g.normal(*lshape)

    def f(t):
        leaves(t, ["logits"])
        loss = torch.nn.functional.cross_entropy(
            t["logits"], t["target"] if prob else t["label"], weight=t.get("class_weight"),
            ignore_index=-100 if ignore is None else ignore, reduction=reduction, label_smoothing=smoothing)
        loss.backward(t.get("grad_loss"))
        return {"loss": loss, "log_softmax": torch.log_softmax(t["logits"].detach(), 1),
                "softmax": torch.softmax(t["logits"].detach(), 1), **grads(t, ["logits"])}
    out.case("loss", name, {"reduction": reduction, "ignore_index": ignore, "label_smoothing": smoothing, "class_axis": 1}, inp, f)


def clip_case(out, shapes, max_norm, norm_type, scale):
    name = "clip_" + tag(n=len(shapes), max=max_norm, norm=norm_type, scale=scale)
    g = Gen(out.seed, name)
    inp = {"grad%d" % i: g.normal(*s, std=scale) for i, s in enumerate(shapes)}

    def f(t):
        ps = []
        for i in range(len(shapes)):
            q = torch.zeros_like(t["grad%d" % i], requires_grad=True)
            q.grad = t["grad%d" % i].clone()
            ps.append(q)
        n = torch.nn.utils.clip_grad_norm_(ps, max_norm, norm_type=float(norm_type))
        return {"total_norm": n.detach(), **{"clipped%d" % i: q.grad for i, q in enumerate(ps)}}
    out.case("clip", name, {"max_norm": max_norm, "norm_type": str(norm_type),
                            "rule": "coef = min(1, max_norm / (total_norm + 1e-6)); grad *= coef"}, inp, f)


def optim_case(out, opt, kw, shapes, steps=10, label=""):
    name = "optim_%s%s" % (opt.lower(), "_" + label if label else "")
    g = Gen(out.seed, name)
    inp = {"param%d" % i: g.normal(*s) for i, s in enumerate(shapes)}
    for i, s in enumerate(shapes):  # gradients of every step, step-major; scales differ, some entries are 0
        q = g.normal(steps, *s) * (10.0 ** g.uniform(steps, *([1] * len(s)), k=1.5))
        q[g.ints(0, 8, steps, *s) == 0] = 0.0
        inp["grad%d" % i] = q

    def f(t):
        ps = [t["param%d" % i].clone().requires_grad_(True) for i in range(len(shapes))]
        o = getattr(torch.optim, opt)(ps, **kw)
        r = {}
        for k in range(1, steps + 1):
            for i, q in enumerate(ps):
                q.grad = t["grad%d" % i][k - 1].clone()
            o.step()
            if k in (1, 2, steps):
                for i, q in enumerate(ps):
                    r["step%d.param%d" % (k, i)] = q.detach().clone()
                    for n, v in o.state[q].items():
                        if torch.is_tensor(v) and n != "step":
                            r["step%d.%s%d" % (k, n, i)] = v.detach().clone()
        return r
    out.case("optim", name, {"optimizer": opt, "options": kw, "steps": steps,
                             "layout": "grad<i> is [steps, *param shape]; step<k>.<state><i> after k steps"}, inp, f)


# ------------------------------------------------------------------ short training runs
def train_rnn_case(out, cell, T, B, V, H, opt, kw, steps=10, clip=1.0):
    name = "train_%s_%s_%s" % (cell, opt.lower(), tag(T=T, B=B, V=V, H=H))
    g = Gen(out.seed, name)
    p = rnn_params(g, cell, V, H, 1, False)
    p["head.weight"], p["head.bias"] = g.uniform(V, H, k=1 / math.sqrt(H)), torch.zeros(V)
    inp = {**p, "tokens": g.ints(0, V, T + 1, B)}

    def f(d):
        q = {k: d[k].clone().requires_grad_(True) for k in p}
        o = getattr(torch.optim, opt)(list(q.values()), **kw)
        x = torch.nn.functional.one_hot(d["tokens"][:-1], V).to(d["head.weight"].dtype)
        z = torch.zeros(1, B, H, dtype=x.dtype)
        losses, norms, r = [], [], {}
        for k in range(1, steps + 1):
            e = {**q, "x": x, "h0": z, "c0": z}
            y, _, _ = run_rnn(cell, e, V, H, 1, False)
            logits = torch.nn.functional.linear(y, q["head.weight"], q["head.bias"])
            loss = torch.nn.functional.cross_entropy(logits.reshape(-1, V), d["tokens"][1:].reshape(-1))
            o.zero_grad()
            loss.backward()
            norms.append(torch.nn.utils.clip_grad_norm_(list(q.values()), clip).detach())
            o.step()
            losses.append(loss.detach())
            if k in (1, steps):
                for n, v in q.items():
                    r["step%d.%s" % (k, n)] = v.detach().clone()
        return {"losses": torch.stack(losses), "grad_norms": torch.stack(norms), **r}
    out.case("train", name, {"cell": cell, "T": T, "B": B, "vocab": V, "H": H, "optimizer": opt, "options": kw, "steps": steps,
                             "clip_max_norm": clip, "gate_order": GATE_ORDER[cell],
                             "rule": "x = one_hot(tokens[0..T-1]), h0 = 0, loss = mean over T,B of cross entropy of head(y) against tokens[1..T]; "
                                     "zero grad, backward, clip_grad_norm_, optimizer step; the same batch every step; losses[k] is before step k+1"}, inp, f)


def train_conv_case(out, N, S, C1, C2, K, opt, kw, pool, steps=10):
    name = "train_conv_%s_%s_%s" % (pool, opt.lower(), tag(N=N, S=S, C1=C1, C2=C2, K=K))
    g = Gen(out.seed, name)
    F = torch.nn.functional
    S2 = (S // 2 - 2) // 2
    p = {"conv1.weight": g.uniform(C1, 1, 3, 3, k=1 / 3), "conv1.bias": g.uniform(C1, k=1 / 3),
         "conv2.weight": g.uniform(C2, C1, 3, 3, k=1 / math.sqrt(9 * C1)), "conv2.bias": g.uniform(C2, k=0.1),
         "fc.weight": g.uniform(K, C2 * S2 * S2, k=1 / math.sqrt(C2 * S2 * S2)), "fc.bias": torch.zeros(K)}
    inp = {**p, "x": g.normal(N, 1, S, S), "label": g.ints(0, K, N)}
    po = {"max": F.max_pool2d, "avg": F.avg_pool2d}[pool]

    def f(d):
        q = {k: d[k].clone().requires_grad_(True) for k in p}
        o = getattr(torch.optim, opt)(list(q.values()), **kw)
        losses, r = [], {}
        for k in range(1, steps + 1):
            a = po(torch.tanh(F.conv2d(d["x"], q["conv1.weight"], q["conv1.bias"], padding=1)), 2)
            a = po(torch.relu(F.conv2d(a, q["conv2.weight"], q["conv2.bias"])), 2)
            logits = F.linear(a.flatten(1), q["fc.weight"], q["fc.bias"])
            loss = F.cross_entropy(logits, d["label"])
            o.zero_grad()
            loss.backward()
            if k == 1:
                r["logits"] = logits.detach()
                r.update(grads(q, list(q)))
            o.step()
            losses.append(loss.detach())
            if k in (1, steps):
                for n, v in q.items():
                    r["step%d.%s" % (k, n)] = v.detach().clone()
        return {"losses": torch.stack(losses), **r}
    out.case("train", name, {"optimizer": opt, "options": kw, "steps": steps, "pool": pool,
                             "rule": "pool2(tanh(conv1(x, pad 1))) -> pool2(relu(conv2)) -> flatten (C,H,W order) -> fc -> cross entropy mean; same batch every step; "
                                     "logits and grad.* belong to the first step"}, inp, f)


# ------------------------------------------------------------------ main
def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("seed", type=int, nargs="?", default=DEFAULT_SEED)
    ap.add_argument("out", nargs="?", default=DEFAULT_OUT)
    ap.add_argument("--only", default="", help="comma separated groups: rnn,tbptt,spectral,conv2d,pool2d,maxout,loss,clip,optim,train")
    a = ap.parse_args()
    torch.set_num_threads(1)
    out = Out(a.out, a.seed)
    only = set(filter(None, a.only.split(",")))
    for group, fn in CASES:
        if not only or group in only:
            fn(out)
    os.makedirs(a.out, exist_ok=True)
    # read back one file per group, to see that what was written can be read
    for grp in sorted({e["group"] for e in out.index}):
        e = next(e for e in out.index if e["group"] == grp)
        t, m = load_safetensors(os.path.join(a.out, e["file"]))
        assert set(t) == set(e["shapes"]) and m["case"] == e["case"]
    with open(os.path.join(a.out, "index.json"), "w") as f:
        f.write('{"torch": "%s", "seed": %d, "cases": [\n' % (torch.__version__, a.seed))
        f.write(",\n".join(json.dumps(e) for e in out.index) + "\n]}\n")
    n = {}
    for e in out.index:
        c = n.setdefault(e["group"], [0, 0])
        c[0] += 1
        c[1] += e["bytes"]
    for k, (c, b) in n.items():
        print("%-10s %3d cases %9d bytes" % (k, c, b))
    print("total %d cases %d bytes" % (len(out.index), sum(e["bytes"] for e in out.index)))


if __name__ == "__main__":
    main()
