import Plots

/// The look of a report: one column, readable in print, on dark screens, on telephones and by screen readers.
enum ReportStyle {
    static let css = """
        :root{color-scheme:light dark;\(PlotStyle.lightVariables);--soft:#f3f5f8;--good:#11673a;--bad:#a8281c;--good-ground:#dcf3e4;--bad-ground:#fbe2de}
        @media (prefers-color-scheme:dark){:root{\(PlotStyle.darkVariables);--soft:#1e242c;--good:#7fe0a8;--bad:#ff9d90;--good-ground:#173d29;--bad-ground:#4a1f1a}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--plot-ground);color:var(--plot-ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
        header,main,footer{max-width:64rem;margin:0 auto;padding:0 1.25rem}
        header{padding-top:2rem}
        h1{font-size:1.1rem;font-weight:600;margin:0 0 .5rem;color:var(--plot-0)}
        h2{font-size:1.35rem;margin:2.5rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--plot-faint)}
        h3{font-size:1.05rem;margin:1.75rem 0 .5rem}
        p{margin:.5rem 0;max-width:44rem}
        .verdict{font-size:1.3rem;line-height:1.4;max-width:none;padding:.9rem 1.1rem;margin:.75rem 0;background:var(--soft);border-left:.4rem solid var(--plot-0);overflow-wrap:anywhere}
        .verdict.better{border-color:var(--good)}
        .verdict.worse,.verdict.better_but_forgot{border-color:var(--bad)}
        .verdict strong{display:block;font-size:.95rem;text-transform:uppercase;letter-spacing:.04em}
        .verdict.better strong{color:var(--good)}
        .verdict.worse strong,.verdict.better_but_forgot strong{color:var(--bad)}
        .note{color:var(--plot-0);font-size:.92rem}td .note{font-size:inherit}
        .scroll{overflow-x:auto;max-width:100%}
        .scroll:focus-visible{outline:2px solid var(--plot-1);outline-offset:2px}
        table{border-collapse:collapse;margin:.75rem 0 1rem;font-size:.92rem;font-variant-numeric:tabular-nums}
        caption{text-align:left;font-weight:600;padding-bottom:.35rem}
        th,td{padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--plot-faint)}
        thead th{border-bottom:2px solid var(--plot-0);vertical-align:bottom}
        tbody th{font-weight:500}
        .number{text-align:right;white-space:nowrap;padding-left:.6rem}
        thead .number{white-space:normal}
        td.word,th.word{min-width:5rem}
        .good{color:var(--good);font-weight:600}
        .bad{color:var(--bad);font-weight:600}
        figure{margin:1.25rem 0}
        figcaption{font-size:.92rem;max-width:44rem}
        article{border:1px solid var(--plot-faint);border-radius:.4rem;padding:.75rem 1rem;margin:.75rem 0}
        article h4{margin:0 0 .4rem;font-size:.92rem}
        .text{white-space:pre-wrap;overflow-wrap:anywhere;margin:.15rem 0 .6rem}
        .label{font-size:.82rem;color:var(--plot-0);margin:0}
        .pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
        .pair>div{background:var(--soft);padding:.5rem .7rem;border-radius:.3rem;min-width:0}
        del{background:var(--bad-ground);text-decoration:line-through;text-decoration-thickness:1px}
        ins{background:var(--good-ground);text-decoration:underline;text-decoration-thickness:1px;text-underline-offset:2px}
        del::before,ins::before,del::after,ins::after{clip-path:inset(100%);clip:rect(1px,1px,1px,1px);height:1px;width:1px;overflow:hidden;position:absolute;white-space:nowrap}
        del::before{content:" [only here: "}ins::before{content:" [only here: "}del::after,ins::after{content:"] "}
        pre{background:var(--soft);padding:.75rem 1rem;overflow-x:auto;font-size:.85rem;border-radius:.3rem}
        code{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.88em;overflow-wrap:anywhere}
        table code{white-space:nowrap}table code.hash{white-space:normal;display:inline-block;min-width:18rem}
        footer{margin-top:3rem;padding-bottom:2rem}
        \(PlotStyle.rules)
        .scroll .plot{min-width:34rem}
        @media (max-width:40rem){.pair{grid-template-columns:1fr}.verdict{font-size:1.1rem}}
        @media print{
        :root{color-scheme:light;\(PlotStyle.lightVariables);--soft:#f3f5f8;--good:#11673a;--bad:#a8281c;--good-ground:#dcf3e4;--bad-ground:#fbe2de}
        @page{margin:16mm}
        body{font-size:10.5pt}header,main,footer{max-width:none;padding:0}
        h2,h3,caption,thead{break-after:avoid}figure,article,tr,.verdict{break-inside:avoid}
        .scroll{overflow:visible}.scroll .plot{min-width:0}pre{white-space:pre-wrap}
        table code,.number{white-space:normal}table code.hash{min-width:0}table{font-size:8.5pt}th,td{padding-right:.5rem}
        }
        """
}
