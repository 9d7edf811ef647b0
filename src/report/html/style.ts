/**
 * Style sheet of the pages. Colors have names, for light and for dark; sizes are from a 4-pixel
 * grid.
 */
export const style = `
:root{color-scheme:light dark;--page:#f6f6f3;--card:#fff;--ink:#1d1f23;--soft:#5d636e;--line:#e2e2dc;--fill:#ecece6;--accent:#2b5fc7;--accentSoft:#e5edfb;--doubt:#a85408;--doubtSoft:#fbeedd;--onDoubt:#fff}
@media (prefers-color-scheme:dark){:root{--page:#121316;--card:#1b1d21;--ink:#e8e9eb;--soft:#9ea5b0;--line:#2d3037;--fill:#26292f;--accent:#8db2ff;--accentSoft:#1f2c47;--doubt:#f3a95f;--doubtSoft:#37291a;--onDoubt:#221404}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{scroll-padding-top:68px;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
  font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,.bar>div{max-width:1240px;margin:0 auto;padding:0 24px}
h1,h2,h3,p,dl,dd,figure,ol,ul{margin:0;padding:0}
h1{font-size:28px;line-height:1.2;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{font-size:18px;letter-spacing:-.005em}
h3{font-size:16px}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
header{padding:40px 0 20px}
.kicker{color:var(--soft);font-size:13px;margin-bottom:4px;overflow-wrap:anywhere}
.figures{display:flex;flex-wrap:wrap;gap:12px 40px;margin-top:20px}
.figures div{display:flex;flex-direction:column-reverse}
.figures dd{font-size:24px;font-weight:600;line-height:1.2;letter-spacing:-.01em;
  font-variant-numeric:tabular-nums}
.figures dt{color:var(--soft);font-size:13px}
.panel{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px 24px;
  margin-bottom:16px}
.panel>h2{margin-bottom:4px}
.note{color:var(--soft);font-size:13.5px;max-width:78ch}
.panel>.note+*,.panel>h2+:not(.note){margin-top:12px}
.split{display:grid;gap:16px 32px;
  grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));margin-bottom:16px}
.wall{list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(108px,1fr));
  gap:10px;margin-top:14px}
.wall a{display:block;text-decoration:none;color:inherit;border-radius:8px}
.mosaic{display:grid;grid-template-columns:1fr 1fr;gap:2px;aspect-ratio:1;border-radius:8px;
  overflow:hidden;background:var(--fill)}
.mosaic img{display:block;width:100%;height:100%;aspect-ratio:1;object-fit:cover}
.wall a:hover .mosaic{box-shadow:0 0 0 2px var(--accent)}
.wall .name{display:flex;align-items:center;gap:6px;font-size:13px;color:var(--soft);
  padding:4px 2px 0;font-variant-numeric:tabular-nums}
.wall b{color:var(--ink)}
.dot{display:inline-block;flex:none;width:10px;height:10px;border-radius:5px;margin-right:1px}
h3 .dot{margin-right:8px}
.legend{display:flex;flex-wrap:wrap;gap:6px 20px;color:var(--soft);font-size:13px;margin-top:14px}
.legend a{display:inline-flex;align-items:center;gap:6px;text-decoration:none;color:inherit}
.bar{position:sticky;top:0;z-index:2;background:color-mix(in srgb,var(--page) 92%,transparent);
  backdrop-filter:blur(8px);border-block:1px solid var(--line);margin:8px 0 20px}
.bar>div{display:flex;flex-wrap:wrap;gap:8px 20px;align-items:center;padding-block:9px}
.contents{display:flex;flex-wrap:wrap;gap:4px 16px;margin-right:auto;font-size:13.5px}
.contents a{text-decoration:none}
.contents a:hover{text-decoration:underline}
.hide{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
input[type=search]{font:inherit;font-size:13.5px;color:inherit;background:var(--card);
  border:1px solid var(--line);border-radius:7px;padding:4px 8px;width:150px}
.more{font:inherit;font-size:13.5px;color:var(--accent);background:none;
  border:1px solid var(--line);border-radius:7px;padding:2px 10px;cursor:pointer}
.grid+.more{margin-top:12px}
.grid li{position:relative}
.badge{position:absolute;left:4px;bottom:4px;z-index:1;font:600 11px/18px system-ui,sans-serif;
  min-width:18px;padding:0 5px;text-align:center;border-radius:9px;background:var(--card);
  color:var(--ink);text-decoration:none;box-shadow:0 0 0 1px var(--line)}
#found .note{margin-bottom:12px}
.bar label{display:inline-flex;gap:7px;align-items:center;font-size:13.5px;cursor:pointer}
select{font:inherit;font-size:13.5px;color:inherit;background:var(--card);
  border:1px solid var(--line);border-radius:7px;padding:4px 8px}
input[type=checkbox]{accent-color:var(--accent);width:16px;height:16px;margin:0}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;
  padding:16px 20px 20px;margin-bottom:16px;content-visibility:auto;
  contain-intrinsic-size:auto 480px}
.card:target{border-color:var(--accent);box-shadow:0 0 0 1px var(--accent)}
.head{display:flex;flex-wrap:wrap;gap:4px 18px;align-items:baseline;margin-bottom:12px}
.head h3 small{color:var(--soft);font-weight:400;font-size:14px;margin-left:8px}
.stat{color:var(--soft);font-size:13.5px;font-variant-numeric:tabular-nums}
.stat b{color:var(--ink);font-weight:600}
.stat.q b{color:var(--doubt)}
.meter{display:inline-block;width:56px;height:5px;border-radius:3px;background:var(--fill);
  vertical-align:2px;margin-right:7px;overflow:hidden}
.meter i{display:block;height:100%;background:var(--accent)}
.sub{font-size:13px;color:var(--soft);font-weight:400;margin:14px 0 8px}
.grid{list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(88px,1fr));gap:6px}
.grid button{display:block;position:relative;width:100%;aspect-ratio:1;padding:0;border:0;
  border-radius:6px;background:var(--fill);cursor:zoom-in;overflow:visible;font:inherit}
.grid img{display:block;width:100%;height:100%;object-fit:cover;border-radius:6px;font-size:11px;
  color:var(--soft);overflow:hidden}
.small .grid img,.small .mosaic img,.small dialog img{image-rendering:pixelated}
.grid button:hover img{filter:brightness(1.07)}
.q button{background:none}
.q button::before{content:"";position:absolute;inset:0;border:2px dashed var(--doubt);
  border-radius:7px;z-index:1;pointer-events:none}
.q button img{padding:4px;border-radius:8px}
.q button::after,.mark{content:"?";font:700 11px/16px system-ui,sans-serif;text-align:center;
  width:16px;height:16px;border-radius:8px;background:var(--doubt);color:var(--onDoubt)}
.q button::after{position:absolute;top:-3px;right:-3px;z-index:1}
.mark{display:inline-block}
.only .grid li:not(.q),.only .card.sure,.only .sub{display:none}
.none{display:none}
.only .none{display:block}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px}
.scroll{overflow-x:auto;margin:12px 0}
th,td{padding:7px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;
  font-weight:400}
th:first-child{text-align:left;padding-left:0}
thead th{color:var(--soft);font-size:13px}
abbr{text-decoration:none;cursor:help}
tr.own th{font-weight:600}
td.best{background:var(--accentSoft)}
.verdict{font-weight:500;margin-top:8px;max-width:78ch}
.verdict.lost{border-left:3px solid var(--doubt);padding-left:12px}
figure{margin-top:8px!important}
figcaption{font-size:13.5px;color:var(--soft)}
figcaption b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums}
svg{display:block;width:100%;max-width:600px;height:auto}
svg text{font-size:12px;fill:var(--soft);font-variant-numeric:tabular-nums}
svg .levelname{fill:var(--doubt)}
svg .grid{stroke:var(--line)}
svg .level{stroke:var(--doubt);stroke-dasharray:5 4;stroke-width:1.5}
svg path{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round}
svg circle{fill:var(--accent)}
svg .band{fill:var(--accentSoft);stroke:none}
svg path.band{fill:color-mix(in srgb,var(--accent) 16%,transparent)}
svg .b{stroke-dasharray:7 4}
svg .c{stroke-dasharray:2 4}
svg.map path{stroke-width:4;stroke-linecap:round}
.maps{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(100%,260px),1fr))}
svg.key{display:inline-block;width:22px}
svg .cell{fill:var(--accent)}
svg .match{fill:none;stroke:var(--doubt);stroke-width:2}
svg text.on{fill:var(--card)}
svg text.off{fill:var(--ink)}
.curves{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr))}
.confusion svg{min-width:560px;max-width:none}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,240px),1fr));
  gap:10px 32px;font-size:14px}
.facts dt{color:var(--soft);font-size:13px}
.facts dd{overflow-wrap:anywhere}
.facts small{color:var(--soft);font-size:13px;font-variant-numeric:tabular-nums}
details{margin-top:12px}
summary{cursor:pointer;font-size:14px;color:var(--accent)}
details[open]>summary{margin-bottom:10px}
.skipped{list-style:none;font-size:13.5px}
.skipped li{padding:5px 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
.skipped span{color:var(--soft)}
footer{color:var(--soft);font-size:13px;padding:8px 0 40px}
dialog{border:1px solid var(--line);border-radius:14px;padding:0;background:var(--card);
  color:inherit;width:min(620px,calc(100vw - 32px));max-height:calc(100vh - 32px)}
dialog::backdrop{background:rgb(0 0 0/.62)}
dialog img{display:block;width:100%;height:min(62vh,520px);object-fit:contain;
  background:var(--fill)}
dialog div{padding:14px 18px 16px}
dialog p{overflow-wrap:anywhere;font-weight:500}
dialog .stat{font-weight:400;margin-top:2px}
dialog nav{display:flex;flex-wrap:wrap;gap:8px;margin-top:12px;align-items:center}
dialog nav a{font-size:13.5px}
dialog nav button{font:inherit;font-size:13.5px;color:inherit;background:var(--fill);
  border:1px solid var(--line);border-radius:7px;padding:5px 12px;cursor:pointer}
dialog nav button:first-of-type{margin-left:auto}
@media (max-width:640px){main,.bar>div{padding-inline:14px}header{padding-top:24px}h1{
  font-size:23px}.panel,.card{padding:14px;border-radius:10px}.figures{gap:10px 28px}.grid{
  grid-template-columns:repeat(auto-fill,minmax(68px,1fr))}.contents{width:100%}th,td{
  padding-inline:5px}table{font-size:13px}}
@media print{.bar,dialog{display:none}.card{content-visibility:visible;break-inside:avoid-page}}
`;
